/* What the checker is told, and the core with what the proofs replace.
 *
 * core.c is stopline_core.c with one thing changed by the runner: the definition of sl_table_crc is
 * called core_table_crc, and that of sl_table_check core_table_check, so that the core calls the ones
 * each harness defines. README.md says what is assumed by that.
 */
#ifndef STOPLINE_PROVE_MODEL_H
#define STOPLINE_PROVE_MODEL_H

#include "stopline_core.h"

#include "rules.h"

void __ESBMC_assume(_Bool);
void __ESBMC_assert(_Bool, const char *);
_Bool nondet_bool(void);
uint8_t nondet_uchar(void);
uint16_t nondet_ushort(void);
uint32_t nondet_uint(void);

uint16_t core_table_crc(const sl_table *table);
sl_table_fault core_table_check(const sl_table *table, uint8_t *channel);

#endif
