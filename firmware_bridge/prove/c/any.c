/* One tick on memory that may hold anything. */
#include "invariant.h"

uint16_t sl_table_crc(const sl_table *table)
{
    (void)table;
    return nondet_ushort();
}

/* What the proof "table rules" shows of it: it accepts obedient tables only. */
sl_table_fault sl_table_check(const sl_table *table, uint8_t *channel)
{
    *channel = nondet_uchar();
    return nondet_bool() && table_obeys(table) ? SL_TABLE_OK : SL_TABLE_VERSION_UNKNOWN;
}

int main(void)
{
    sl_table table;
    sl_state state;
    sl_inputs inputs;
    sl_outputs outputs;
    sl_look look;

#if PART == 2
    __ESBMC_assume(!table_obeys(&table) && state.mode == SL_FLASH);
    sl_tick(&table, &state, &inputs, nondet_uint(), &outputs);
    __ESBMC_assert(state.mode == SL_FLASH && !outputs.flash_relay, "flash goes on");
    __ESBMC_assert(!outputs.green && !outputs.walk, "nothing is green");
#else
    const sl_table *given = nondet_bool() ? &table : 0;

    __ESBMC_assume(table_obeys(&table));
    sl_tick(given, &state, &inputs, nondet_uint(), &outputs);
#if PART == 0
    __ESBMC_assert(sl_consistent(&table, &state) || (state.mode == SL_FLASH && !outputs.flash_relay), "sound or flash");
#else
    sl_look_at(&table, &inputs, &outputs, 0, 0, &look);
    __ESBMC_assert(sl_law_no_conflict(&table, &look), "law: no_conflict");
    __ESBMC_assert(sl_law_one_lamp(&table, &look), "law: one_lamp");
    __ESBMC_assert(sl_law_walk_with_green(&table, &look), "law: walk_with_green");
    __ESBMC_assert(sl_law_fault_flashes(&look), "law: fault_flashes");
#endif
#endif
    return 0;
}
