#include "planner.h"

#include <stddef.h>
#include <string.h>

#define NEVER_MS INT32_C(0x3fffffff)
#define RING 24
#define NODES 96

/* What has become of the traffic of one case. */
typedef struct {
    int64_t spent; /* by the vehicles that have left */
    int32_t last_ms[PL_PHASES]; /* the last departure on each phase */
    int32_t free_ms[PL_LANES];
    uint8_t next[PL_LANES];
    uint8_t sneaked[PL_LANES];
} outlook;

typedef struct {
    int64_t rank; /* spent, waited so far, and what is still to come, of all cases */
    int32_t on_ms[PL_PHASES];
    int32_t off_ms[PL_PHASES];
    int32_t first_ms;
    uint8_t stage;
    uint8_t first;
    outlook of[PL_CASES]; /* last, since no more of them are copied than there are */
} node;

/* The vehicles of one lane in one case, added up. */
typedef struct {
    int64_t weight[PL_CARS + 1];    /* of the vehicles before */
    int64_t weight_at[PL_CARS + 1]; /* weight times arrival, of those before */
    uint8_t arrived[PL_SECONDS + 1];
} sums;

/* What does not change in one search. */
typedef struct {
    const pl_problem *p;
    int32_t end_ms;
    size_t node_size;
    sums lane[PL_CASES][PL_LANES];
    node ring[RING][NODES];
    uint16_t count[RING];
    int32_t looked;
} search;

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static uint8_t is_malformed(const pl_problem *p)
{
    uint8_t c, i, k;

    if (p->phases > PL_PHASES || p->lanes > PL_LANES || p->stages > PL_STAGES || p->now >= p->stages)
        return 1;
    if (p->cases < 1 || p->cases > PL_CASES)
        return 1;
    if (p->settings.seconds < 1 || p->settings.seconds > PL_SECONDS || p->settings.keep < 1)
        return 1;
    for (c = 0; c < p->cases; c++)
        for (i = 0; i < p->lanes; i++) {
            if (p->lane[c][i].cars > PL_CARS)
                return 1;
            for (k = 0; k < p->lane[c][i].cars; k++)
                if (p->lane[c][i].car[k].phase >= p->phases)
                    return 1;
        }
    return 0;
}

static void copy(const search *s, node *to, const node *from)
{
    memcpy(to, from, s->node_size);
}

static void prepare(search *s, const pl_problem *p)
{
    uint8_t c, i, k;
    int32_t t;

    s->p = p;
    s->end_ms = p->settings.seconds * 1000;
    s->looked = 0;
    s->node_size = offsetof(node, of) + p->cases * sizeof(outlook);
    memset(s->count, 0, sizeof s->count);
    for (c = 0; c < p->cases; c++)
        for (i = 0; i < p->lanes; i++) {
            const pl_lane *lane = &p->lane[c][i];
            sums *sum = &s->lane[c][i];

            sum->weight[0] = sum->weight_at[0] = 0;
            for (k = 0; k < lane->cars; k++) {
                sum->weight[k + 1] = sum->weight[k] + lane->car[k].weight;
                sum->weight_at[k + 1] = sum->weight_at[k] + (int64_t)lane->car[k].weight * lane->car[k].at_ms;
            }
            for (t = 0, k = 0; t <= p->settings.seconds; t++) {
                while (k < lane->cars && lane->car[k].at_ms <= t * 1000)
                    k++;
                sum->arrived[t] = k;
            }
        }
}

/* When a lane's next vehicle could pass, were nobody in its way; NEVER_MS where its phase does not let it. */
static int32_t ready_ms(const pl_problem *p, const node *n, uint8_t c, uint8_t i)
{
    const pl_lane *lane = &p->lane[c][i];
    const outlook *of = &n->of[c];
    const pl_car *car;
    int32_t at;

    if (of->next[i] >= lane->cars)
        return NEVER_MS;
    car = &lane->car[of->next[i]];
    if (n->on_ms[car->phase] == NEVER_MS)
        return NEVER_MS;
    at = larger(larger(car->at_ms, of->free_ms[i]), n->on_ms[car->phase] + lane->lost_ms);
    at = larger(at, car->not_before_ms);
    return at < n->off_ms[car->phase] ? at : NEVER_MS;
}

static int64_t unfair(const pl_settings *settings, const pl_lane *lane, int32_t at_ms)
{
    int64_t over = (int64_t)lane->waited_ms + at_ms - settings->fair_after_ms;

    return over > 0 ? over * over / 1000 * settings->fair_permille * 256 / 1000 : 0;
}

static void leave(search *s, node *n, uint8_t c, uint8_t i, int32_t at)
{
    const pl_lane *lane = &s->p->lane[c][i];
    outlook *of = &n->of[c];
    const pl_car *car = &lane->car[of->next[i]];
    int32_t late = at - car->at_ms;

    of->spent += (int64_t)car->weight * late;
    if (late > s->p->settings.stop_after_ms)
        of->spent += (int64_t)car->weight * car->stop_ms;
    if (of->next[i] == 0)
        of->spent += unfair(&s->p->settings, lane, at);
    of->free_ms[i] = at + (int32_t)((int64_t)lane->headway_ms * car->weight / 256);
    if (at <= n->on_ms[car->phase] + lane->lost_ms)
        of->free_ms[i] += lane->second_ms;
    of->last_ms[car->phase] = at;
    of->next[i]++;
}

/* Whether an oncoming vehicle is too near at an instant. */
static uint8_t must_yield(const search *s, const node *n, uint8_t c, pl_mask yields, int32_t at)
{
    const pl_problem *p = s->p;
    uint8_t i, q;

    for (q = 0; q < p->phases; q++)
        if ((yields >> q & 1) && n->of[c].last_ms[q] + p->settings.gap_behind_ms > at)
            return 1;
    for (i = 0; i < p->lanes; i++) {
        uint8_t next = n->of[c].next[i];

        if (next >= p->lane[c][i].cars || !(yields >> p->lane[c][i].car[next].phase & 1))
            continue;
        if (ready_ms(p, n, c, i) < at + p->settings.gap_ahead_ms)
            return 1;
    }
    return 0;
}

/* Vehicles of a case leave between two instants, at most some seconds apart. */
static void run(search *s, node *n, uint8_t c, int32_t from_ms, int32_t to_ms)
{
    const pl_problem *p = s->p;
    int32_t begin, end, at;
    uint8_t i, yielding[PL_LANES], count;

    for (begin = from_ms; begin < to_ms; begin = end) {
        end = smaller(begin + 1000, to_ms);
        count = 0;
        for (i = 0; i < p->lanes; i++) {
            while ((at = ready_ms(p, n, c, i)) < end) {
                if (p->lane[c][i].car[n->of[c].next[i]].yields) {
                    yielding[count++] = i;
                    break;
                }
                leave(s, n, c, i, larger(at, begin));
            }
        }
        while (count > 0) {
            i = yielding[--count];
            while ((at = ready_ms(p, n, c, i)) < end) {
                const pl_car *car = &p->lane[c][i].car[n->of[c].next[i]];
                int32_t off = n->off_ms[car->phase];

                at = larger(at, begin);
                if (car->yields && must_yield(s, n, c, car->yields, at)) {
                    /* Some that wait in the box leave when the green has ended. */
                    if (off > end || n->of[c].sneaked[i] >= p->settings.sneakers) {
                        n->of[c].free_ms[i] = end;
                        break;
                    }
                    n->of[c].sneaked[i]++;
                    at = off;
                }
                leave(s, n, c, i, at);
            }
        }
    }
}

/* Waited so far by those that stand, and an estimate of what they still will. */
static int64_t to_come(const search *s, const node *n, uint8_t c, int32_t t_ms)
{
    const pl_problem *p = s->p;
    int64_t sum = 0;
    uint8_t i;

    for (i = 0; i < p->lanes; i++) {
        const pl_lane *lane = &p->lane[c][i];
        const sums *added = &s->lane[c][i];
        uint8_t next = n->of[c].next[i], arrived = added->arrived[t_ms / 1000];
        int64_t weight;
        int32_t later;

        if (arrived <= next)
            continue;
        weight = added->weight[arrived] - added->weight[next];
        later = (p->stage[n->stage] >> lane->car[next].phase & 1) ? 0 : p->settings.later_ms;
        sum += weight * t_ms - (added->weight_at[arrived] - added->weight_at[next]);
        sum += weight * later + weight * weight / 512 * lane->headway_ms;
        if (next == 0)
            sum += unfair(&p->settings, lane, t_ms + later);
    }
    return sum;
}

static void rank(search *s, node *n, int32_t t_ms)
{
    uint8_t c;

    n->rank = 0;
    for (c = 0; c < s->p->cases; c++)
        n->rank += n->of[c].spent + to_come(s, n, c, t_ms);
    s->looked++;
}

/* Keeps the best of each stage at each second. */
static void insert(search *s, const node *n, int32_t t_ms)
{
    uint16_t slot = (uint16_t)(t_ms / 1000 % RING), k, same = 0, worst = 0;
    node *of_slot = s->ring[slot];

    for (k = 0; k < s->count[slot]; k++) {
        if (of_slot[k].stage != n->stage)
            continue;
        if (same == 0 || of_slot[k].rank > of_slot[worst].rank)
            worst = k;
        same++;
    }
    if (same >= s->p->settings.keep || s->count[slot] >= NODES) {
        if (same == 0 || of_slot[worst].rank <= n->rank)
            return;
        copy(s, &of_slot[worst], n);
        return;
    }
    copy(s, &of_slot[s->count[slot]++], n);
}

/* Phases that have had their least green. */
static pl_mask may_end(const pl_problem *p, const node *n, int32_t t_ms)
{
    pl_mask mask = 0;
    uint8_t q;

    for (q = 0; q < p->phases; q++)
        if (n->on_ms[q] != NEVER_MS && n->on_ms[q] + p->phase[q].least_ms <= t_ms)
            mask |= (pl_mask)(1 << q);
    return mask;
}

/* Phases for which somebody stands at the head of a lane, or will within some seconds, in any case. */
static pl_mask wanted(const search *s, const node *n, int32_t t_ms)
{
    const pl_problem *p = s->p;
    int32_t by = smaller(t_ms / 1000 + 8, p->settings.seconds);
    pl_mask mask = 0;
    uint8_t c, i;

    for (c = 0; c < p->cases; c++)
        for (i = 0; i < p->lanes; i++) {
            uint8_t next = n->of[c].next[i];

            if (next < s->lane[c][i].arrived[by])
                mask |= (pl_mask)(1 << p->lane[c][i].car[next].phase);
        }
    return mask;
}

static uint8_t is_overdue(const pl_problem *p, const node *n, pl_mask wanted, int32_t t_ms)
{
    uint8_t q;

    for (q = 0; q < p->phases; q++)
        if ((p->stage[n->stage] >> q & 1) && t_ms - n->on_ms[q] >= p->phase[q].most_ms
            && (wanted & p->phase[q].conflicts))
            return 1;
    return 0;
}

/* Weight of the vehicles of a case that wait at an instant. */
static int64_t waiting(const search *s, const node *n, uint8_t c, int32_t t_ms)
{
    int64_t sum = 0;
    uint8_t i;

    for (i = 0; i < s->p->lanes; i++) {
        const sums *added = &s->lane[c][i];
        uint8_t next = n->of[c].next[i], arrived = added->arrived[t_ms / 1000];

        if (arrived > next)
            sum += added->weight[arrived] - added->weight[next];
    }
    return sum;
}

/* The node becomes one that has changed at an instant; when all of the new stage is green. */
static int32_t change(const search *s, node *n, const int64_t *waits, uint8_t stage, int32_t t_ms)
{
    const pl_problem *p = s->p;
    pl_mask ending = p->stage[n->stage] & (pl_mask)~p->stage[stage];
    pl_mask begun = p->stage[stage] & (pl_mask)~p->stage[n->stage];
    int32_t at_ms = t_ms + 1000;
    uint8_t c, q, r;

    n->stage = stage;
    for (c = 0; c < p->cases; c++) {
        n->of[c].spent += waits[c] * p->settings.change_ms;
        memset(n->of[c].sneaked, 0, sizeof n->of[c].sneaked);
    }
    if (n->first == PL_NONE) {
        n->first = stage;
        n->first_ms = t_ms;
    }
    for (q = 0; q < p->phases; q++)
        if (ending >> q & 1)
            n->off_ms[q] = t_ms + smaller(p->settings.yellow_used_ms, p->phase[q].yellow_ms);
    for (q = 0; q < p->phases; q++) {
        int32_t on = t_ms;

        if (!(begun >> q & 1))
            continue;
        for (r = 0; r < p->phases; r++)
            if ((p->phase[q].conflicts >> r & 1) && (ending >> r & 1))
                on = larger(on, t_ms + p->phase[r].yellow_ms + p->phase[r].clear_ms);
        n->on_ms[q] = on;
        n->off_ms[q] = NEVER_MS;
        at_ms = larger(at_ms, on);
    }
    return smaller((at_ms + 999) / 1000 * 1000, s->end_ms);
}

/* Runs to an instant, and forgets phases whose yellow is over then. */
static void run_to(search *s, node *n, int32_t from_ms, int32_t to_ms)
{
    uint8_t c, q;

    for (c = 0; c < s->p->cases; c++)
        run(s, n, c, from_ms, to_ms);
    for (q = 0; q < s->p->phases; q++)
        if (n->off_ms[q] <= to_ms)
            n->on_ms[q] = NEVER_MS;
    rank(s, n, to_ms);
}

static void expand(search *s, const node *from, int32_t t_ms)
{
    const pl_problem *p = s->p;
    pl_mask called = wanted(s, from, t_ms), ripe = may_end(p, from, t_ms);
    int64_t waits[PL_CASES];
    uint8_t c, stage, left = 0;
    int32_t at_ms;
    node n;

    if (t_ms >= p->hold_ms) {
        for (c = 0; c < p->cases; c++)
            waits[c] = waiting(s, from, c, t_ms);
        for (stage = 0; stage < p->stages; stage++) {
            pl_mask ending = p->stage[from->stage] & (pl_mask)~p->stage[stage];
            pl_mask begun = p->stage[stage] & (pl_mask)~p->stage[from->stage];

            if (stage == from->stage || (ending & (pl_mask)~ripe) || !(begun & called))
                continue;
            left = 1;
            copy(s, &n, from);
            at_ms = change(s, &n, waits, stage, t_ms);
            run_to(s, &n, t_ms, at_ms);
            insert(s, &n, at_ms);
        }
    }
    if (!left || !is_overdue(p, from, called, t_ms)) {
        copy(s, &n, from);
        run_to(s, &n, t_ms, t_ms + 1000);
        insert(s, &n, t_ms + 1000);
    }
}

static void start(const pl_problem *p, node *n)
{
    uint8_t c, i, q;

    memset(n, 0, sizeof *n);
    n->stage = p->now;
    n->first = PL_NONE;
    for (q = 0; q < p->phases; q++) {
        uint8_t in = p->stage[p->now] >> q & 1;

        for (c = 0; c < p->cases; c++)
            n->of[c].last_ms[q] = -NEVER_MS;
        /* Those that are on their way out have been green for long. */
        n->on_ms[q] = in ? p->on_ms[q] : (p->off_ms[q] > 0 ? -NEVER_MS : NEVER_MS);
        n->off_ms[q] = in ? NEVER_MS : p->off_ms[q];
    }
    for (c = 0; c < p->cases; c++)
        for (i = 0; i < p->lanes; i++)
            n->of[c].free_ms[i] = p->lane[c][i].free_ms;
}

uint32_t pl_room(void)
{
    return sizeof(search);
}

uint8_t pl_search(const pl_problem *problem, void *room, pl_plan *plan)
{
    search *s = room;
    const node *best = 0;
    node root;
    int32_t t;
    uint16_t k, slot;

    if (is_malformed(problem))
        return 1;
    prepare(s, problem);
    start(problem, &root);
    rank(s, &root, 0);
    insert(s, &root, 0);
    for (t = 0; t < problem->settings.seconds; t++) {
        slot = (uint16_t)(t % RING);
        for (k = 0; k < s->count[slot]; k++)
            expand(s, &s->ring[slot][k], t * 1000);
        s->count[slot] = 0;
    }
    slot = (uint16_t)(t % RING);
    for (k = 0; k < s->count[slot]; k++)
        if (best == 0 || s->ring[slot][k].rank < best->rank)
            best = &s->ring[slot][k];
    if (best == 0)
        return 1;
    plan->cost = best->rank / problem->cases;
    plan->first = best->first;
    plan->first_ms = best->first_ms;
    plan->nodes = s->looked;
    return 0;
}

uint8_t pl_follow(const pl_problem *problem, void *room, const pl_change *changes, uint8_t count, int32_t until_ms,
                  pl_outcome *outcome)
{
    search *s = room;
    int64_t waits[PL_CASES];
    node n;
    int32_t t_ms = 0;
    uint8_t i, k = 0;

    if (is_malformed(problem) || until_ms < 0 || until_ms > problem->settings.seconds * 1000 || until_ms % 1000)
        return 1;
    for (i = 0; i < count; i++)
        if (changes[i].stage >= problem->stages || changes[i].at_ms < 0 || changes[i].at_ms % 1000)
            return 1;
    prepare(s, problem);
    start(problem, &n);
    while (t_ms < until_ms) {
        int32_t next_ms = t_ms + 1000;

        if (k < count && changes[k].at_ms <= t_ms) {
            for (i = 0; i < problem->cases; i++)
                waits[i] = waiting(s, &n, i, t_ms);
            next_ms = smaller(change(s, &n, waits, changes[k++].stage, t_ms), until_ms);
        }
        run_to(s, &n, t_ms, next_ms);
        t_ms = next_ms;
    }
    rank(s, &n, t_ms);
    outcome->cost = n.rank / problem->cases;
    memcpy(outcome->left, n.of[0].next, sizeof n.of[0].next);
    return 0;
}
