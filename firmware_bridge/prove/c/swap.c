/* In flash another table may come: what holds of the state does not hang on the one before.
 *
 * What the witness remembers of the table's start-up is as old as the last tick in flash, so the next table
 * has to be there for one. What a request asked for is forgotten before any green: the least all-red of
 * start-up is longer than any request lives.
 */
#include "invariant.h"

uint16_t sl_table_crc(const sl_table *table)
{
    (void)table;
    return nondet_ushort();
}

sl_table_fault sl_table_check(const sl_table *table, uint8_t *channel)
{
    (void)table;
    *channel = 0;
    return SL_TABLE_OK;
}

int main(void)
{
    sl_table table, next;
    sl_state state;
    sl_witness witness;

    __ESBMC_assume(table_obeys(&table) && table_obeys(&next) && state.mode == SL_FLASH);
    __ESBMC_assume(sl_consistent(&table, &state));
    __ESBMC_assert(sl_consistent(&next, &state), "invariant: sl_consistent");
    __ESBMC_assert(SL_LEAST_STARTUP_RED_CS * 10u > SL_MOST_TTL_MS, "start-up outlasts requests");
    return 0;
}
