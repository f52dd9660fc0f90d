/* What a table must obey, said a second time and independently of sl_table_check.
 *
 * The proof of the table shows: what sl_table_check accepts obeys this. The proofs of the
 * laws assume no more of a table than this.
 */
#ifndef STOPLINE_PROVE_RULES_H
#define STOPLINE_PROVE_RULES_H

#include "stopline_core.h"

static uint8_t has(sl_mask mask, uint8_t i)
{
    return (uint8_t)(mask >> i & 1u);
}

/* Times within what MUTCD leaves: see the limits in stopline_core.h, written out here once more. */
static uint8_t times_obey(const sl_channel *row)
{
    uint16_t least_walk_cs = (row->flags & SL_FLAG_SHORT_WALK) ? 400u : 700u;

    if (row->min_green_cs < 300u || row->yellow_cs < 300u || row->yellow_cs > 600u || row->red_clearance_cs > 600u)
        return 0;
    if (row->walk_cs == 0)
        return row->ped_clearance_cs == 0;
    return row->walk_cs >= least_walk_cs && row->ped_clearance_cs >= 300u;
}

/* Masks name channels that are there, a channel goes with itself, a number or parents. */
static uint8_t row_obeys(const sl_table *table, uint8_t i)
{
    const sl_channel *row = &table->channel[i];
    sl_mask there = 0xffffffffu >> (32u - table->channels);

    if ((row->compatible & ~there) || (row->parents & ~there) || !has(row->compatible, i) || row->number > 16)
        return 0;
    if ((row->parents == 0) == (row->number == 0))
        return 0;
    if (row->parents != 0 && (row->walk_cs != 0 || has(table->startup, i) || (row->parents & ~row->compatible)))
        return 0;
    return times_obey(row);
}

/* Channel i is green at start-up, by itself or through a parent. */
static uint8_t starts(const sl_table *table, uint8_t i)
{
    return has(table->startup, i) || (table->channel[i].parents & table->startup) != 0;
}

static uint8_t pair_obeys(const sl_table *table, uint8_t i, uint8_t j)
{
    const sl_channel *one = &table->channel[i], *other = &table->channel[j];
    uint8_t go = has(one->compatible, j);

    if (go != has(other->compatible, i))
        return 0;
    if (one->number != 0 && one->number == other->number)
        return 0;
    if ((has(one->parents, j) || has(other->parents, i)) && one->parents != 0 && other->parents != 0)
        return 0;
    if (!go && has(table->flash_yellow, i) && has(table->flash_yellow, j))
        return 0;
    return go || !(starts(table, i) && starts(table, j));
}

/* All rules but those of the outputs, which no law of the lamps speaks of. */
static uint8_t table_obeys(const sl_table *table)
{
    sl_mask there;
    uint8_t i, j;

    if (table->version != SL_TABLE_VERSION || table->channels < 1 || table->channels > SL_CHANNELS)
        return 0;
    there = 0xffffffffu >> (32u - table->channels);
    if (table->startup_red_cs < 300u || (table->startup & ~there) || (table->flash_yellow & ~there))
        return 0;
    for (i = 0; i < SL_CHANNELS; i++) {
        if (i < table->channels && !row_obeys(table, i))
            return 0;
        for (j = 0; j < i; j++)
            if (i < table->channels && !pair_obeys(table, i, j))
                return 0;
    }
    return 1;
}

/* No two of ten lamps on one output. */
static uint8_t outputs_differ(const sl_channel *one, const sl_channel *other)
{
    const uint8_t mine[5] = {one->out_red, one->out_yellow, one->out_green, one->out_walk, one->out_dont_walk};
    const uint8_t theirs[5] = {other->out_red, other->out_yellow, other->out_green, other->out_walk, other->out_dont_walk};
    uint8_t a, b;

    for (a = 0; a < 5; a++)
        for (b = 0; b < 5; b++)
            if ((one != other || a != b) && mine[a] != SL_NO_OUTPUT && mine[a] == theirs[b])
                return 0;
    return 1;
}

static uint8_t outputs_obey(const sl_table *table)
{
    uint8_t i, j;

    for (i = 0; i < SL_CHANNELS; i++) {
        const sl_channel *row = &table->channel[i];

        if (i >= table->channels)
            break;
        if (table->board != 0 && (row->out_red == SL_NO_OUTPUT || row->out_yellow == SL_NO_OUTPUT || row->out_green == SL_NO_OUTPUT))
            return 0;
        if (table->board != 0 && row->walk_cs != 0 && (row->out_walk == SL_NO_OUTPUT || row->out_dont_walk == SL_NO_OUTPUT))
            return 0;
        for (j = 0; j <= i; j++)
            if (!outputs_differ(row, &table->channel[j]))
                return 0;
    }
    return 1;
}

#endif
