/* Frames and the link. See sl_wire.h for what they do, protocol.md for the bytes. */
#include "sl_wire.h"

#include "stopline_core.h"

uint16_t sl_wire_get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | (uint16_t)((uint16_t)bytes[1] << 8));
}

uint32_t sl_wire_get32(const uint8_t *bytes)
{
    return (uint32_t)sl_wire_get16(bytes) | (uint32_t)sl_wire_get16(bytes + 2) << 16;
}

void sl_wire_put16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

void sl_wire_put32(uint8_t *bytes, uint32_t value)
{
    sl_wire_put16(bytes, (uint16_t)value);
    sl_wire_put16(bytes + 2, (uint16_t)(value >> 16));
}

static void count_one(uint16_t *counter)
{
    if (*counter < 0xffffu)
        (*counter)++;
}

/* --- Frames -------------------------------------------------------------------------------- */

void sl_wire_in_start(sl_wire_in *in)
{
    in->count = 0;
    in->code = 0;
    in->left = 0;
    in->begun = 0;
    in->too_long = 0;
}

static void keep_byte(sl_wire_in *in, uint8_t byte)
{
    if (in->count < SL_WIRE_IN_MOST)
        in->bytes[in->count++] = byte;
    else
        in->too_long = 1;
}

/* A byte that is not the zero between frames. The zero that a block stands for is only known to be
 * meant when another block follows. */
static void take_byte(sl_wire_in *in, uint8_t byte)
{
    if (in->begun && in->left > 0) {
        keep_byte(in, byte);
        in->left--;
        return;
    }
    if (in->begun && in->code != 0xffu)
        keep_byte(in, 0);
    in->begun = 1;
    in->code = byte;
    in->left = (uint8_t)(byte - 1u);
}

static uint8_t frame_of(const sl_wire_in *in, sl_frame *frame)
{
    uint8_t body = (uint8_t)(in->count - SL_FRAME_CRC);

    if (sl_crc16(0xffffu, in->bytes, body) != sl_wire_get16(in->bytes + body))
        return 0;
    frame->sender = in->bytes[0];
    frame->kind = in->bytes[1];
    frame->session = sl_wire_get16(in->bytes + 2);
    frame->number = sl_wire_get32(in->bytes + 4);
    frame->acknowledged = sl_wire_get32(in->bytes + 8);
    frame->payload = in->bytes + SL_FRAME_HEAD;
    frame->count = (uint8_t)(body - SL_FRAME_HEAD);
    return 1;
}

uint8_t sl_wire_in_byte(sl_wire_in *in, uint8_t byte, sl_frame *frame, sl_wire_counts *counts)
{
    uint8_t whole = 0;

    if (byte != 0) {
        take_byte(in, byte);
        return 0;
    }
    if (!in->begun)
        return 0; /* two zeros in a row are no frame */
    if (in->too_long)
        count_one(&counts->damaged);
    else if (in->left > 0 || in->count < SL_FRAME_HEAD + SL_FRAME_CRC)
        count_one(&counts->partial);
    else if (!frame_of(in, frame))
        count_one(&counts->damaged);
    else
        whole = 1;
    sl_wire_in_start(in); /* the bytes stay where they are until the next one comes */
    return whole;
}

uint16_t sl_wire_encode(const sl_frame *frame, uint8_t *out)
{
    uint8_t *raw = out + 2;
    uint16_t count = (uint16_t)(SL_FRAME_HEAD + frame->count);
    uint16_t code_at = 1, i;

    if (count + SL_FRAME_CRC > SL_FRAME_MOST)
        return 0;
    raw[0] = frame->sender;
    raw[1] = frame->kind;
    sl_wire_put16(raw + 2, frame->session);
    sl_wire_put32(raw + 4, frame->number);
    sl_wire_put32(raw + 8, frame->acknowledged);
    for (i = 0; i < frame->count; i++)
        raw[SL_FRAME_HEAD + i] = frame->payload[i];
    sl_wire_put16(raw + count, sl_crc16(0xffffu, raw, count));
    count = (uint16_t)(count + SL_FRAME_CRC);
    /* COBS in place: each zero gives way to the distance to the next one. */
    for (i = 2; i < count + 2u; i++) {
        if (out[i] == 0) {
            out[code_at] = (uint8_t)(i - code_at);
            code_at = i;
        }
    }
    out[code_at] = (uint8_t)(i - code_at);
    out[0] = 0;
    out[i] = 0;
    return (uint16_t)(count + SL_FRAME_AROUND);
}

/* --- The link ------------------------------------------------------------------------------ */

static void forget_session(sl_link *link)
{
    link->session = 0;
    link->ack_due = 0;
    link->kept_count = 0;
    link->kept_first = 0;
    link->expected = 0;
    link->fresh_sent = 0;
    link->fresh_taken = 0;
}

void sl_link_start(sl_link *link, uint8_t mine, uint8_t theirs, sl_send send, void *where)
{
    link->send = send;
    link->where = where;
    link->mine = mine;
    link->theirs = theirs;
    link->offered = 0;
    link->counts.damaged = link->counts.partial = link->counts.repeated = 0;
    link->counts.reordered = link->counts.foreign = 0;
    sl_wire_in_start(&link->in);
    forget_session(link);
}

/* Whether an acknowledgement is of something that was sent. */
static uint8_t ack_is_ours(const sl_link *link, uint32_t acknowledged)
{
    return acknowledged <= link->kept_first + link->kept_count;
}

static void take_ack(sl_link *link, uint32_t acknowledged)
{
    uint8_t gone = 0, i;

    while (gone < link->kept_count && link->kept_first + gone < acknowledged)
        gone++;
    if (gone == 0)
        return;
    for (i = gone; i < link->kept_count; i++)
        link->kept[i - gone] = link->kept[i];
    link->kept_first += gone;
    link->kept_count = (uint8_t)(link->kept_count - gone);
}

/* Whether a numbered frame is the next kept one, or a newer fresh one. */
static uint8_t is_next(sl_link *link, const sl_frame *frame)
{
    uint8_t kept = SL_MSG_IS_KEPT(frame->kind);
    uint32_t next = kept ? link->expected : link->fresh_taken + 1u;

    if (kept && frame->number != next) {
        link->ack_due = 1; /* so that the other end learns where we are */
        count_one(frame->number < next ? &link->counts.repeated : &link->counts.reordered);
        return 0;
    }
    if (!kept && frame->number < next) {
        count_one(frame->number + 1u == next ? &link->counts.repeated : &link->counts.reordered);
        return 0;
    }
    if (frame->number - next >= SL_LINK_MOST_AHEAD) {
        count_one(&link->counts.foreign);
        return 0;
    }
    if (kept) {
        link->expected++;
        link->ack_due = 1;
    } else {
        link->fresh_taken = frame->number;
    }
    return 1;
}

/* Whether a frame belongs to the session, which begins with the first numbered frame that uses the
 * number offered. */
static uint8_t is_of_session(sl_link *link, const sl_frame *frame)
{
    if (frame->session == 0)
        return 0;
    if (frame->session == link->session)
        return ack_is_ours(link, frame->acknowledged);
    if (frame->session != link->offered || frame->acknowledged != 0 || frame->kind == SL_MSG_ACK)
        return 0;
    if (SL_MSG_IS_KEPT(frame->kind) && frame->number != 0)
        return 0; /* its first ones were lost: they come again */
    forget_session(link);
    link->session = link->offered;
    link->offered = 0;
    return 1;
}

uint8_t sl_link_take(sl_link *link, uint8_t byte, sl_frame *frame)
{
    if (!sl_wire_in_byte(&link->in, byte, frame, &link->counts))
        return 0;
    if (frame->sender == link->theirs && frame->kind == SL_MSG_HELLO)
        return 1;
    if (frame->sender != link->theirs ||
        !(SL_MSG_IS_KEPT(frame->kind) || SL_MSG_IS_FRESH(frame->kind) || frame->kind == SL_MSG_ACK) ||
        !is_of_session(link, frame)) {
        count_one(&link->counts.foreign);
        return 0;
    }
    if (frame->kind != SL_MSG_ACK && !is_next(link, frame))
        return 0;
    take_ack(link, frame->acknowledged);
    return frame->kind != SL_MSG_ACK;
}

static uint8_t send_frame(sl_link *link, uint8_t kind, uint32_t number, const uint8_t *payload, uint8_t count)
{
    uint8_t out[SL_WIRE_OUT_MOST + SL_FRAME_AROUND];
    sl_frame frame;
    uint16_t bytes;

    if ((uint16_t)(SL_FRAME_HEAD + count + SL_FRAME_CRC) > SL_WIRE_OUT_MOST)
        return 0;
    frame.sender = link->mine;
    frame.kind = kind;
    frame.session = link->session;
    frame.number = number;
    frame.acknowledged = link->expected;
    frame.payload = payload;
    frame.count = count;
    bytes = sl_wire_encode(&frame, out);
    if (!link->send(link->where, out, bytes))
        return 0;
    link->ack_due = 0;
    return 1;
}

uint8_t sl_link_keep(sl_link *link, uint8_t kind, const uint8_t *payload, uint8_t count)
{
    sl_kept *kept;
    uint8_t i;

    if (link->kept_count >= SL_LINK_WINDOW || count > SL_LINK_KEPT)
        return 0;
    kept = &link->kept[link->kept_count++];
    kept->kind = kind;
    kept->count = count;
    kept->tries = 0;
    kept->due = 1;
    kept->sent_ms = 0;
    for (i = 0; i < count; i++)
        kept->bytes[i] = payload[i];
    return 1;
}

uint8_t sl_link_fresh(sl_link *link, uint8_t kind, const uint8_t *payload, uint8_t count)
{
    uint32_t number = SL_MSG_IS_FRESH(kind) ? link->fresh_sent + 1u : 0;

    if (!send_frame(link, kind, number, payload, count))
        return 0;
    if (number != 0)
        link->fresh_sent = number;
    return 1;
}

uint8_t sl_link_tick(sl_link *link, uint32_t now_ms)
{
    uint8_t i;

    for (i = 0; i < link->kept_count; i++) {
        sl_kept *kept = &link->kept[i];

        if (!kept->due && now_ms - kept->sent_ms < SL_LINK_RETRY_MS)
            continue;
        if (kept->tries >= SL_LINK_TRIES) {
            forget_session(link);
            return 0;
        }
        if (!send_frame(link, kept->kind, link->kept_first + i, kept->bytes, kept->count))
            return 1; /* no room now: in order, so the rest waits too */
        kept->due = 0;
        kept->sent_ms = now_ms;
        kept->tries++;
    }
    if (link->ack_due)
        (void)sl_link_fresh(link, SL_MSG_ACK, 0, 0);
    return 1;
}
