/* Nothing is undefined in C, whatever is in the memory of table, state and inputs. */
#include "model.h"

uint16_t sl_table_crc(const sl_table *table)
{
    (void)table;
    return nondet_ushort();
}

sl_table_fault sl_table_check(const sl_table *table, uint8_t *channel)
{
#if PART == 1
    return core_table_check(table, channel);
#else
    (void)table;
    *channel = nondet_uchar();
    return nondet_bool() ? SL_TABLE_OK : SL_TABLE_NO_CHANNEL;
#endif
}

int main(void)
{
    sl_table table;
    sl_state state;
    sl_inputs inputs;
    sl_outputs outputs;
    uint8_t channel;

#if PART == 1
    (void)sl_table_check(&table, &channel);
    (void)core_table_crc(&table);
#else
    sl_tick(nondet_bool() ? &table : 0, &state, &inputs, nondet_uint(), &outputs);
    sl_boot(&state, nondet_uint());
#endif
    return 0;
}
