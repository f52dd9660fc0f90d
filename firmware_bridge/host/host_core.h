/* What Python needs beside the core: bytes of a table into the struct, whatever this machine's order. */
#ifndef STOPLINE_HOST_CORE_H
#define STOPLINE_HOST_CORE_H

#include <stddef.h>

#include "sl_laws.h"

/* Table bytes as on the wire; 1 where there are as many as the table's channels need. Of more channels than
 * SL_CHANNELS the rest is left out: sl_table_check refuses such a table by its count. */
uint8_t sl_host_load(sl_table *table, const uint8_t *bytes, size_t count);

#endif
