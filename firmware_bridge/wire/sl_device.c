/* What a device does with each message. See sl_device.h, and protocol.md for the bytes. */
#include "sl_device.h"

#define ANSWERS ((uint8_t)(sizeof(((sl_device *)0)->answer) / SL_ANSWER_BYTES))

static uint16_t bytes_of(uint8_t channels)
{
    return (uint16_t)(SL_TABLE_HEAD_BYTES + channels * SL_CHANNEL_BYTES);
}

void sl_device_start(sl_device *device, const sl_about *about, sl_table *table, uint8_t has_table,
                     sl_table *staging, sl_send send, void *where, uint32_t now_ms)
{
    uint8_t i, *byte = (uint8_t *)device;
    uint16_t left;

    for (left = (uint16_t)sizeof *device; left > 0; left--)
        *byte++ = 0;
    sl_link_start(&device->link, SL_WIRE_FROM_DEVICE, SL_WIRE_FROM_HOST, send, where);
    device->about = *about;
    device->table = table;
    device->staging = staging;
    device->has_table = has_table;
    device->now_ms = now_ms;
    device->reported_ms = now_ms;
    device->report_due = 1;
    for (i = 0; i < SL_CHANNELS; i++)
        device->told_shown[i] = 0xffu;
    sl_boot(&device->core, now_ms);
}

/* --- What comes in ------------------------------------------------------------------------- */

/* An answer waits where there is no room; a third one at once is dropped, and the host asks again. */
static void answer(sl_device *device, uint8_t kind, sl_answer result, uint8_t detail, uint8_t channel)
{
    uint8_t *slot;

    if (device->answers >= ANSWERS)
        return;
    slot = device->answer[device->answers++];
    slot[0] = kind;
    slot[1] = (uint8_t)result;
    slot[2] = detail;
    slot[3] = channel;
}

static void take_hello(sl_device *device, const sl_frame *frame)
{
    sl_link *link = &device->link;

    device->hello_speaks = frame->payload[0] == SL_WIRE_VERSION;
    if (device->hello_speaks && link->offered == 0) {
        do
            device->about.first_session++;
        while (device->about.first_session == 0 || device->about.first_session == link->session);
        link->offered = device->about.first_session;
    }
    device->hello_nonce = sl_wire_get32(frame->payload + 4);
    device->hello_due = 1;
}

static sl_request_fate fate_of(const sl_device *device, const uint8_t *payload)
{
    if (!device->has_table)
        return SL_REQUEST_NO_TABLE;
    if (sl_wire_get16(payload + 6) != device->table->crc)
        return SL_REQUEST_OTHER_TABLE;
    if (device->now_ms - sl_wire_get32(payload + 8) > SL_MOST_REQUEST_AGE_MS)
        return SL_REQUEST_LATE;
    return SL_REQUEST_TAKEN;
}

static void take_request(sl_device *device, const sl_frame *frame)
{
    const uint8_t *payload = frame->payload;

    device->request_number = frame->number;
    device->fate = (uint8_t)fate_of(device, payload);
    device->report_due = 1;
    if (device->fate != SL_REQUEST_TAKEN) {
        device->requests_refused++;
        return;
    }
    device->request_new = 1;
    device->agreed = 1;
    device->request_phases = sl_wire_get16(payload);
    device->request_ttl_ms = sl_wire_get16(payload + 2);
    device->ped_calls |= sl_wire_get16(payload + 4);
}

static sl_answer take_piece(sl_device *device, const sl_frame *frame)
{
    uint16_t count = (uint16_t)(frame->count - SL_PIECE_HEAD_BYTES);
    uint8_t *to = (uint8_t *)device->staging + device->load_have;
    uint16_t i;

    if (device->loading != SL_LOAD_STAGING || sl_wire_get16(frame->payload) != device->load_have ||
        count > device->load_bytes - device->load_have)
        return SL_ANSWER_NOT_BEGUN;
    for (i = 0; i < count; i++)
        to[i] = frame->payload[SL_PIECE_HEAD_BYTES + i];
    device->load_have = (uint16_t)(device->load_have + count);
    return SL_ANSWER_DONE;
}

static sl_answer take_begin(sl_device *device, const sl_frame *frame)
{
    uint16_t bytes = sl_wire_get16(frame->payload);

    if (device->loading == SL_LOAD_TO_STORE)
        return SL_ANSWER_NOT_BEGUN;
    device->loading = SL_LOAD_IDLE;
    if (bytes < bytes_of(1) || bytes > bytes_of(SL_CHANNELS))
        return SL_ANSWER_TOO_LONG;
    device->loading = SL_LOAD_STAGING;
    device->load_bytes = bytes;
    device->load_have = 0;
    device->load_crc = sl_wire_get16(frame->payload + 2);
    return SL_ANSWER_DONE;
}

/* Whether the staged table may take the place of the one in use. */
static sl_answer may_commit(const sl_device *device, uint16_t crc, uint8_t *fault, uint8_t *channel)
{
    const sl_table *staged = device->staging;

    if (device->loading != SL_LOAD_STAGING || device->load_have != device->load_bytes)
        return SL_ANSWER_NOT_BEGUN;
    if (staged->channels > SL_CHANNELS || bytes_of(staged->channels) != device->load_bytes)
        return SL_ANSWER_TOO_LONG;
    if (crc != device->load_crc || staged->crc != crc)
        return SL_ANSWER_WRONG_CRC;
    *fault = (uint8_t)sl_table_check(staged, channel);
    if (*fault != SL_TABLE_OK)
        return SL_ANSWER_BAD_TABLE;
    if (staged->board != 0 && staged->board != device->about.board)
        return SL_ANSWER_WRONG_BOARD;
    if (device->core.mode != SL_FLASH)
        return SL_ANSWER_NOT_FLASHING;
    /* With a table in it, the junction is somebody's: only a person at the cabinet changes it. */
    if ((device->has_table || device->core.fault != SL_OK) && !device->at_cabinet)
        return SL_ANSWER_NOBODY_THERE;
    return SL_ANSWER_DONE;
}

static void take_commit(sl_device *device, const sl_frame *frame)
{
    uint8_t fault = 0, channel = 0;
    sl_answer result = may_commit(device, sl_wire_get16(frame->payload), &fault, &channel);

    if (result == SL_ANSWER_DONE) {
        device->loading = SL_LOAD_TO_STORE; /* the answer comes when it is stored */
        return;
    }
    answer(device, SL_MSG_LOAD_COMMIT, result, fault, channel);
    /* Somebody may still open the door, or wait for the flash; anything else needs a new load. */
    if (result != SL_ANSWER_NOT_FLASHING && result != SL_ANSWER_NOBODY_THERE && device->loading == SL_LOAD_STAGING)
        device->loading = SL_LOAD_IDLE;
}

static void take_reset(sl_device *device, const sl_frame *frame)
{
    uint8_t fault = frame->payload[0];
    sl_answer result = SL_ANSWER_DONE;

    if (fault == SL_OK || fault != device->core.fault)
        result = SL_ANSWER_NO_SUCH_FAULT;
    else if (!device->at_cabinet)
        result = SL_ANSWER_NOBODY_THERE;
    else
        device->reset_asked = 1;
    answer(device, SL_MSG_RESET, result, fault, 0);
}

/* Whether a message of this kind has a length that it can have; 0 also where a host sends no such kind. */
static uint8_t length_is_right(const sl_frame *frame)
{
    switch (frame->kind) {
    case SL_MSG_HELLO: return frame->count == SL_HELLO_HOST_BYTES;
    case SL_MSG_LOAD_BEGIN: return frame->count == SL_LOAD_BEGIN_BYTES;
    case SL_MSG_LOAD_PIECE:
        return frame->count > SL_PIECE_HEAD_BYTES && frame->count <= SL_PIECE_HEAD_BYTES + SL_PIECE_MOST;
    case SL_MSG_LOAD_COMMIT: return frame->count == SL_LOAD_COMMIT_BYTES;
    case SL_MSG_RESET: return frame->count == SL_RESET_BYTES;
    case SL_MSG_CLOCK: return frame->count == SL_CLOCK_BYTES;
    case SL_MSG_REQUEST: return frame->count == SL_REQUEST_BYTES;
    default: return 0;
    }
}

void sl_device_byte(sl_device *device, uint8_t byte)
{
    sl_frame frame;
    sl_answer result;
    uint16_t session = device->link.session;
    uint8_t taken = sl_link_take(&device->link, byte, &frame);

    if (device->link.session != session) {
        device->request_number = 0;
        device->fate = SL_REQUEST_TAKEN;
    }
    if (!taken)
        return;
    if (!length_is_right(&frame)) {
        if (device->link.counts.foreign < 0xffffu)
            device->link.counts.foreign++;
        return;
    }
    switch (frame.kind) {
    case SL_MSG_HELLO: take_hello(device, &frame); break;
    case SL_MSG_LOAD_BEGIN: answer(device, frame.kind, take_begin(device, &frame), 0, 0); break;
    case SL_MSG_LOAD_PIECE:
        result = take_piece(device, &frame);
        if (result != SL_ANSWER_DONE)
            answer(device, frame.kind, result, 0, 0);
        break;
    case SL_MSG_LOAD_COMMIT: take_commit(device, &frame); break;
    case SL_MSG_RESET: take_reset(device, &frame); break;
    case SL_MSG_CLOCK:
        device->clock_utc_s = sl_wire_get32(frame.payload);
        device->clock_at_ms = device->now_ms;
        break;
    default: take_request(device, &frame); break;
    }
}

/* --- Storing a table ----------------------------------------------------------------------- */

const sl_table *sl_device_to_store(const sl_device *device)
{
    return device->loading == SL_LOAD_TO_STORE ? device->staging : 0;
}

void sl_device_stored(sl_device *device, uint8_t ok, uint8_t copies)
{
    if (device->loading != SL_LOAD_TO_STORE)
        return;
    device->loading = SL_LOAD_IDLE;
    if (ok) {
        uint8_t fault = device->core.fault;

        *device->table = *device->staging;
        device->has_table = 1;
        device->agreed = 0;
        device->request_new = 0;
        device->ped_calls = 0;
        device->about.copies = copies;
        sl_boot(&device->core, device->now_ms);
        /* A fault stays latched over a new table: only a reset clears it. */
        device->core.fault = fault;
        device->core.fault_guard = (uint8_t)(fault ^ 0xffu);
    }
    answer(device, SL_MSG_LOAD_COMMIT, ok ? SL_ANSWER_DONE : SL_ANSWER_NOT_STORED, 0, 0);
    device->report_due = 1;
}

/* --- What goes out ------------------------------------------------------------------------- */

/* Also where the table was changed in memory: then the core has latched that. */
static uint8_t channels_in(const sl_device *device)
{
    return device->has_table && device->table->channels <= SL_CHANNELS ? device->table->channels : 0;
}

static uint32_t utc_s(const sl_device *device)
{
    if (device->clock_utc_s == 0)
        return 0;
    return device->clock_utc_s + (device->now_ms - device->clock_at_ms) / 1000u;
}

static void send_hello(sl_device *device)
{
    uint8_t payload[SL_HELLO_DEVICE_BYTES];
    const sl_table *table = device->has_table ? device->table : 0;

    payload[0] = SL_WIRE_VERSION;
    payload[1] = SL_CHANNELS;
    sl_wire_put16(payload + 2, device->hello_speaks ? device->link.offered : 0);
    sl_wire_put32(payload + 4, device->hello_nonce);
    sl_wire_put16(payload + 8, device->about.board);
    sl_wire_put16(payload + 10, device->about.firmware);
    sl_wire_put16(payload + 12, table ? table->crc : 0);
    payload[14] = channels_in(device);
    payload[15] = device->about.copies;
    payload[16] = device->about.cause;
    payload[17] = 0;
    if (sl_link_fresh(&device->link, SL_MSG_HELLO, payload, SL_HELLO_DEVICE_BYTES))
        device->hello_due = 0;
}

static void keep_fault(sl_device *device, const sl_outputs *outputs)
{
    uint8_t payload[SL_FAULT_BYTES];

    payload[0] = outputs->fault;
    payload[1] = outputs->why;
    payload[2] = outputs->mode;
    payload[3] = 0;
    sl_wire_put32(payload + 4, device->now_ms);
    sl_wire_put32(payload + 8, utc_s(device));
    if (sl_link_keep(&device->link, SL_MSG_FAULT, payload, SL_FAULT_BYTES))
        device->fault_told = outputs->fault;
}

static void keep_answers(sl_device *device)
{
    uint8_t i, j;

    while (device->answers > 0 &&
           sl_link_keep(&device->link, SL_MSG_ANSWER, device->answer[0], SL_ANSWER_BYTES)) {
        device->answers--;
        for (i = 0; i < device->answers; i++)
            for (j = 0; j < SL_ANSWER_BYTES; j++)
                device->answer[i][j] = device->answer[i + 1][j];
    }
}

static uint8_t flags_of(const sl_device *device, const sl_pins *pins, const sl_outputs *outputs)
{
    uint8_t flags = 0;

    if (device->has_table)
        flags |= SL_STATE_HAS_TABLE;
    if (device->agreed)
        flags |= SL_STATE_AGREED;
    if (pins->manual_flash)
        flags |= SL_STATE_MANUAL_FLASH;
    if (pins->stop_time)
        flags |= SL_STATE_STOP_TIME;
    if (device->at_cabinet)
        flags |= SL_STATE_AT_CABINET;
    if (outputs->flash_relay)
        flags |= SL_STATE_RELAY_HELD;
    if (device->loading != SL_LOAD_IDLE)
        flags |= SL_STATE_LOADING;
    return flags;
}

static uint8_t shown_by(const sl_outputs *outputs, uint8_t channel)
{
    return (uint8_t)(outputs->interval[channel] | (uint8_t)(outputs->ped[channel] << 4));
}

static uint8_t tell(uint8_t *told, uint8_t now)
{
    uint8_t changed = *told != now;

    *told = now;
    return changed;
}

/* Whether anything but time is other than in the last report; it is remembered. */
static uint8_t has_changed(sl_device *device, uint8_t flags, uint8_t channels, const sl_outputs *outputs)
{
    uint8_t changed = tell(&device->told[0], flags);
    uint8_t i;

    changed |= tell(&device->told[1], outputs->mode);
    changed |= tell(&device->told[2], outputs->fault);
    changed |= tell(&device->told[3], outputs->why);
    for (i = 0; i < channels; i++)
        changed |= tell(&device->told_shown[i], shown_by(outputs, i));
    return changed;
}

static void send_state(sl_device *device, uint8_t flags, uint8_t channels, const sl_outputs *outputs)
{
    uint8_t payload[SL_STATE_HEAD_BYTES + SL_CHANNELS * SL_STATE_CHANNEL_BYTES];
    const sl_wire_counts *counts = &device->link.counts;
    uint8_t *at = payload + SL_STATE_HEAD_BYTES;
    uint8_t i;

    sl_wire_put32(payload, device->now_ms);
    payload[4] = outputs->mode;
    payload[5] = outputs->fault;
    payload[6] = outputs->why;
    payload[7] = flags;
    sl_wire_put32(payload + 8, device->request_number);
    sl_wire_put16(payload + 12, device->has_table ? device->table->crc : 0);
    payload[14] = device->fate;
    payload[15] = channels;
    sl_wire_put32(payload + 16, outputs->wanted);
    sl_wire_put16(payload + 20, counts->damaged);
    sl_wire_put16(payload + 22, counts->partial);
    sl_wire_put16(payload + 24, counts->repeated);
    sl_wire_put16(payload + 26, counts->reordered);
    sl_wire_put16(payload + 28, counts->foreign);
    sl_wire_put16(payload + 30, device->requests_refused);
    for (i = 0; i < channels; i++, at += SL_STATE_CHANNEL_BYTES) {
        at[0] = shown_by(outputs, i);
        sl_wire_put32(at + 1, outputs->age_ms[i]);
        sl_wire_put32(at + 5, outputs->ped_age_ms[i]);
    }
    if (sl_link_fresh(&device->link, SL_MSG_STATE, payload,
                      (uint8_t)(SL_STATE_HEAD_BYTES + channels * SL_STATE_CHANNEL_BYTES))) {
        device->report_due = 0;
        device->reported_ms = device->now_ms;
    }
}

static void tell_host(sl_device *device, const sl_pins *pins, const sl_outputs *outputs)
{
    uint8_t flags = flags_of(device, pins, outputs);
    uint8_t channels = channels_in(device);

    if (device->session_seen != device->link.session) {
        device->session_seen = device->link.session;
        device->fault_told = SL_OK;
    }
    if (device->hello_due)
        send_hello(device);
    if (device->link.session != 0) {
        if (outputs->fault == SL_OK)
            device->fault_told = SL_OK;
        else if (outputs->fault != device->fault_told)
            keep_fault(device, outputs);
        keep_answers(device);
    }
    if (!sl_link_tick(&device->link, device->now_ms))
        device->answers = 0;
    if (has_changed(device, flags, channels, outputs) || device->now_ms - device->reported_ms >= SL_REPORT_MS)
        device->report_due = 1;
    if (device->report_due)
        send_state(device, flags, channels, outputs);
}

void sl_device_tick(sl_device *device, const sl_pins *pins, uint32_t now_ms, sl_outputs *outputs)
{
    sl_inputs inputs;

    device->now_ms = now_ms;
    device->at_cabinet = pins->door || pins->reset;
    inputs.request_new = device->request_new;
    inputs.request_phases = device->request_phases;
    inputs.request_ttl_ms = device->request_ttl_ms;
    inputs.ped_calls = device->ped_calls;
    inputs.agreed = device->agreed;
    /* The junction flashes until the new table is stored, whatever is asked meanwhile. */
    inputs.manual_flash = pins->manual_flash || device->loading == SL_LOAD_TO_STORE;
    inputs.stop_time = pins->stop_time;
    inputs.reset = pins->reset || (device->reset_asked && device->at_cabinet);
    inputs.platform_fault = pins->platform_fault;
    inputs.sense_fitted = pins->sense_fitted;
    inputs.sense_red = pins->sense_red;
    inputs.sense_yellow = pins->sense_yellow;
    inputs.sense_green = pins->sense_green;
    inputs.sense_walk = pins->sense_walk;
    sl_tick(device->has_table ? device->table : 0, &device->core, &inputs, now_ms, outputs);
    if (device->request_new && outputs->refused) {
        device->fate = SL_REQUEST_BY_CORE;
        device->requests_refused++;
    }
    device->request_new = 0;
    device->ped_calls = 0;
    device->reset_asked = 0;
    tell_host(device, pins, outputs);
}
