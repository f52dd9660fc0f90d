#include "store.h"

#include <avr/eeprom.h>

#include "lamps.h"
#include "sl_device.h"

/* The first bytes of an EEPROM are those that a brown-out hits most: left alone. */
#define AT_FAULT 16u  /* the fault and its complement */
#define AT_STARTS 18u /* 2 bytes */
#define AT_COPIES 32u

/* A copy: mark, generation, count, CRC-16/IBM-3740 of generation, count and table; the table. */
#define MARK 0x5a17u
#define HEAD_BYTES 8u
#define TABLE_BYTES sizeof(sl_table)
#define COPY_BYTES (HEAD_BYTES + TABLE_BYTES)

typedef struct {
    uint16_t mark;
    uint16_t generation;
    uint16_t count;
    uint16_t crc;
} head;

typedef enum { RESTING, UNMARKING, WRITING, CHECKING, MARKING } stage;

static stage now;
static uint8_t target;            /* copy being written */
static uint8_t mirror_due;        /* the other copy is to be brought up to the one in use */
static uint8_t mirroring;         /* and is being so: nobody waits for it */
static uint8_t whole[2];
static uint8_t in_use;
static uint16_t generation;
static uint16_t at;               /* next byte of the copy */
static head writing;
static const sl_table *from;      /* what is written */
static const sl_table *mirror_of; /* what the other copy is written from */
static uint8_t fault_bytes[2];
static uint8_t fault_left;        /* bytes of it still to be written */
static uint16_t starts;
static uint8_t starts_left;

static uint8_t *address(uint16_t where)
{
    return (uint8_t *)where;
}

static uint16_t copy_at(uint8_t copy, uint16_t offset)
{
    return (uint16_t)(AT_COPIES + copy * COPY_BYTES + offset);
}

static uint16_t bytes_of(const sl_table *table)
{
    return (uint16_t)(SL_TABLE_HEAD_BYTES + table->channels * SL_CHANNEL_BYTES);
}

static uint16_t crc_of(const head *about, const sl_table *table)
{
    uint16_t crc = sl_crc16(0xffffu, (const uint8_t *)&about->generation, 4);

    return sl_crc16(crc, (const uint8_t *)table, about->count);
}

/* Read a copy; 1: it is whole, and fits this board. */
static uint8_t read_copy(uint8_t copy, head *about, sl_table *table)
{
    uint8_t channel;

    eeprom_read_block(about, address(copy_at(copy, 0)), HEAD_BYTES);
    if (about->mark != MARK || about->count > TABLE_BYTES || about->count < SL_TABLE_HEAD_BYTES)
        return 0;
    eeprom_read_block(table, address(copy_at(copy, HEAD_BYTES)), about->count);
    return about->crc == crc_of(about, table) && about->count == bytes_of(table)
        && sl_table_check(table, &channel) == SL_TABLE_OK && lamps_fit(table);
}

static uint8_t is_blank(uint16_t where, uint8_t count)
{
    while (count--)
        if (eeprom_read_byte(address(where++)) != 0xffu)
            return 0;
    return 1;
}

static uint8_t load_fault(void)
{
    uint8_t fault = eeprom_read_byte(address(AT_FAULT));
    uint8_t complement = eeprom_read_byte(address(AT_FAULT + 1u));

    if ((fault ^ complement) == 0xffu)
        return fault;
    return is_blank(AT_FAULT, 2) ? SL_OK : SL_FAULT_STORAGE;
}

static void load_starts(void)
{
    starts = (uint16_t)(eeprom_read_word((const uint16_t *)AT_STARTS) + 1u);
    starts_left = 2;
}

static void begin(uint8_t copy, const sl_table *table)
{
    target = copy;
    from = table;
    writing.mark = MARK;
    writing.generation = generation;
    writing.count = bytes_of(table);
    writing.crc = crc_of(&writing, table);
    at = 0;
    now = UNMARKING;
}

static void begin_mirror(void)
{
    mirror_due = 0;
    mirroring = 1;
    begin(in_use ^ 1u, mirror_of);
}

store_found store_load(sl_table *table, uint8_t *fault)
{
    head first, second;

    load_starts();
    *fault = load_fault();
    whole[0] = read_copy(0, &first, table);
    whole[1] = read_copy(1, &second, table);
    if (!whole[0] && !whole[1])
        return is_blank(copy_at(0, 0), HEAD_BYTES) && is_blank(copy_at(1, 0), HEAD_BYTES) ? STORE_BLANK
                                                                                           : STORE_DAMAGED;
    /* The newer of two; generations count round. */
    in_use = !whole[0] || (whole[1] && (int16_t)(second.generation - first.generation) > 0);
    generation = in_use ? second.generation : first.generation;
    if (!in_use)
        read_copy(0, &first, table);
    mirror_of = table;
    if (!whole[0] || !whole[1] || first.generation != second.generation) {
        whole[in_use ^ 1u] = 0;
        mirror_due = 1;
    }
    return STORE_FOUND;
}

uint8_t store_copies(void)
{
    return (uint8_t)(whole[0] + whole[1]);
}

uint16_t store_starts(void)
{
    return starts;
}

void store_begin(const sl_table *table, const sl_table *settled)
{
    generation++;
    mirroring = mirror_due = 0;
    mirror_of = settled;
    whole[in_use ^ 1u] = 0;
    begin(in_use ^ 1u, table);
}

void store_fault(uint8_t fault)
{
    fault_bytes[0] = fault;
    fault_bytes[1] = (uint8_t)~fault;
    fault_left = 2;
}

/* Write where it differs: an EEPROM byte lives for 100 000 writings. */
static void put(uint16_t where, uint8_t byte)
{
    if (eeprom_read_byte(address(where)) != byte)
        eeprom_write_byte(address(where), byte);
}

static uint8_t byte_of_copy(uint16_t offset)
{
    return offset < HEAD_BYTES ? ((const uint8_t *)&writing)[offset] : ((const uint8_t *)from)[offset - HEAD_BYTES];
}

static uint8_t reads_back(void)
{
    uint16_t offset;

    for (offset = 2; offset < HEAD_BYTES + writing.count; offset++)
        if (eeprom_read_byte(address(copy_at(target, offset))) != byte_of_copy(offset))
            return 0;
    return 1;
}

static store_progress finish(uint8_t ok)
{
    uint8_t was_mirror = mirroring;

    now = RESTING;
    whole[target] = ok;
    if (was_mirror)
        return STORE_IDLE;
    if (!ok) {
        generation--;
        return STORE_FAILED;
    }
    in_use = target;
    mirror_due = 1;
    return STORE_WRITTEN;
}

static store_progress step_copy(void)
{
    switch (now) {
    case UNMARKING:
        put(copy_at(target, at), 0xffu);
        if (++at == 2u)
            now = WRITING;
        break;
    case WRITING:
        put(copy_at(target, at), byte_of_copy(at));
        if (++at == HEAD_BYTES + writing.count)
            now = CHECKING;
        break;
    case CHECKING:
        if (!reads_back())
            return finish(0);
        at = 0;
        now = MARKING;
        break;
    case MARKING:
        put(copy_at(target, at), byte_of_copy(at));
        if (++at == 2u)
            return finish(eeprom_read_word((const uint16_t *)copy_at(target, 0)) == MARK);
        break;
    default:
        return STORE_IDLE;
    }
    return STORE_BUSY;
}

store_progress store_step(void)
{
    if (!eeprom_is_ready())
        return STORE_BUSY;
    if (fault_left) {
        fault_left--;
        put(AT_FAULT + fault_left, fault_bytes[fault_left]);
        return STORE_BUSY;
    }
    if (starts_left) {
        starts_left--;
        put(AT_STARTS + starts_left, ((const uint8_t *)&starts)[starts_left]);
        return STORE_BUSY;
    }
    if (now == RESTING && mirror_due)
        begin_mirror();
    return step_copy();
}
