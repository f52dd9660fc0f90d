/* What Python needs beside the core: bytes of a table into the struct, whatever this machine's order. */
#ifndef STOPLINE_HOST_CORE_H
#define STOPLINE_HOST_CORE_H

#include <stddef.h>

#include "sl_laws.h"

/* Table bytes as on the wire; 1 where there are as many as the table's channels need. Of more channels than
 * SL_CHANNELS the rest is left out: sl_table_check refuses such a table by its count. */
uint8_t sl_host_load(sl_table *table, const uint8_t *bytes, size_t count);

/* What an office machine needs that runs hours of street in seconds: ticks in a row without Python between
 * them. The first is at now_ms, the others step_ms (1 to SL_MOST_STEP_MS) apart. The inputs are the same in
 * each, but a new request is handed in only at the first and then at every ask_every-th one, as by software
 * that keeps asking for the same; 0: at the first alone. The witness sees each tick by a table of its own;
 * before_ms is the instant of the tick before the first. The first law broken, and *broken_ms when. */
sl_law sl_host_run(const sl_table *table, sl_state *state, const sl_table *watched, sl_witness *witness,
                   const sl_inputs *inputs, uint32_t before_ms, uint32_t now_ms, uint32_t step_ms, uint32_t ticks,
                   uint32_t ask_every, sl_outputs *outputs, uint32_t *broken_ms);

#endif
