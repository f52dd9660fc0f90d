/* One tick from any state that satisfies the invariant, with any obedient table and any inputs.
 *
 * PROVE names what is shown after it: a law, or a group of the invariant. BOOT instead shows the
 * invariant of a core that has just been powered up.
 */
#include "invariant.h"

/* Right or not: an obedient table may be found changed at any tick. */
uint16_t sl_table_crc(const sl_table *table)
{
    (void)table;
    return nondet_ushort();
}

/* Refused or not: the table is obedient, and to refuse it is allowed. */
sl_table_fault sl_table_check(const sl_table *table, uint8_t *channel)
{
    (void)table;
    *channel = nondet_uchar();
    return nondet_bool() ? SL_TABLE_OK : SL_TABLE_CRC_WRONG;
}

#define LAW(predicate, ...) __ESBMC_assert(sl_law_##predicate(__VA_ARGS__), "law: " #predicate)
#define HAPPENS(what) __ESBMC_assert(!(what), "this can happen")
#define KEPT(group, ...) __ESBMC_assert(group(__VA_ARGS__), "invariant: " #group)

int main(void)
{
    sl_table table;
    sl_state state;
    sl_witness witness;
    sl_inputs inputs;
    sl_outputs outputs;
    sl_look look;
    uint32_t now_ms = nondet_uint(), real_ms = nondet_uint(), since_ms, credited_ms;
    const sl_table *given = nondet_bool() ? &table : 0;

    __ESBMC_assume(table_obeys(&table));
#ifdef BOOT
    sl_boot(&state, now_ms);
    begin(&table, &witness);
#else
    __ESBMC_assume(sl_consistent(&table, &state));
    __ESBMC_assume(flags_agree(&state, &witness));
    __ESBMC_assume(lamps_agree(&table, &state, &witness));
    __ESBMC_assume(walks_agree(&table, &state, &witness));
    __ESBMC_assume(startups_agree(&table, &state, &witness));
    since_ms = now_ms - state.last_ms;
    credited_ms = sl_credited_ms(since_ms, inputs.stop_time);
    __ESBMC_assume(real_ms >= credited_ms);
#ifdef NEVER_SLOW
    __ESBMC_assume(real_ms <= since_ms);
    __ESBMC_assume(requests_agree(&table, &state, &witness));
#endif
    sl_tick(given, &state, &inputs, now_ms, &outputs);
    sl_look_at(&table, &inputs, &outputs, real_ms, credited_ms, &look);
#endif
#ifdef PROVE_LAW
    PROVE_LAW;
#endif
#ifdef PROVE_KEPT
#ifndef BOOT
    (void)sl_witness_see(&table, &witness, &look);
#endif
    PROVE_KEPT;
#endif
    return 0;
}
