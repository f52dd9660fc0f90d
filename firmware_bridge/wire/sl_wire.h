/* The wire between the host and the signal core: frames and the link, as in protocol.md.
 *
 *     byte ─→ sl_wire_in_byte ─→ sl_link_take ─→ message
 *     message ─→ sl_link_keep (until acknowledged) or sl_link_fresh (newest counts) ─→ bytes
 *
 * Freestanding C99 beside the core: no allocation, no mutable global, every buffer bounded and
 * inside the structs that are passed in. A frame that is damaged, partial, repeated, out of order
 * or foreign changes nothing but a counter.
 */
#ifndef STOPLINE_WIRE_H
#define STOPLINE_WIRE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SL_WIRE_VERSION 1u
#define SL_WIRE_FROM_HOST 0x41u   /* first byte of every frame: who speaks */
#define SL_WIRE_FROM_DEVICE 0xc1u
#define SL_FRAME_HEAD 12u         /* sender, kind, session, number, acknowledged */
#define SL_FRAME_CRC 2u
#define SL_FRAME_MOST 253u        /* bytes of a frame before COBS: one code byte is then enough */
#define SL_FRAME_AROUND 3u        /* zero, code byte, zero */

/* Longest frame that this build takes in and sends; a device of few channels needs less. */
#ifndef SL_WIRE_IN_MOST
#define SL_WIRE_IN_MOST SL_FRAME_MOST
#endif
#ifndef SL_WIRE_OUT_MOST
#define SL_WIRE_OUT_MOST SL_FRAME_MOST
#endif
/* Messages kept until they are acknowledged, and the most bytes of one. */
#ifndef SL_LINK_WINDOW
#define SL_LINK_WINDOW 4u
#endif
#ifndef SL_LINK_KEPT
#define SL_LINK_KEPT 16u
#endif
#define SL_LINK_RETRY_MS 200u
#define SL_LINK_TRIES 10u         /* then the session is over */
/* A message further ahead than this of the newest one is not believed. */
#define SL_LINK_MOST_AHEAD 1000u

/* Kinds of message. 0x0_ carry no number; 0x1_ are kept, sent again and taken in order; of 0x2_
 * only one newer than the last counts and none is sent again. */
#define SL_MSG_HELLO 0x01u
#define SL_MSG_ACK 0x02u
#define SL_MSG_LOAD_BEGIN 0x10u
#define SL_MSG_LOAD_PIECE 0x11u
#define SL_MSG_LOAD_COMMIT 0x12u
#define SL_MSG_RESET 0x13u
#define SL_MSG_CLOCK 0x14u
#define SL_MSG_FAULT 0x18u
#define SL_MSG_ANSWER 0x19u
#define SL_MSG_REQUEST 0x20u
#define SL_MSG_STATE 0x28u
#define SL_MSG_IS_KEPT(kind) (((kind) & 0xf0u) == 0x10u)
#define SL_MSG_IS_FRESH(kind) (((kind) & 0xf0u) == 0x20u)

/* Frames that changed nothing. Counters stop at 65535. */
typedef struct {
    uint16_t damaged;   /* CRC wrong, or longer than any frame */
    uint16_t partial;   /* cut short */
    uint16_t repeated;  /* taken before */
    uint16_t reordered; /* older than what was taken, or ahead of what is missing */
    uint16_t foreign;   /* not of this protocol, direction, session or kind, or of a wrong length */
} sl_wire_counts;

/* Decoder of COBS frames: bytes in as they come. */
typedef struct {
    uint8_t bytes[SL_WIRE_IN_MOST];
    uint8_t count;      /* decoded so far */
    uint8_t code;       /* of the block under way */
    uint8_t left;       /* bytes that its block still promises */
    uint8_t begun;      /* 1: inside a frame */
    uint8_t too_long;   /* 1: skipped until the next zero */
} sl_wire_in;

/* A frame taken apart; payload points into the decoder and lasts until its next byte. */
typedef struct {
    uint8_t sender;
    uint8_t kind;
    uint16_t session;
    uint32_t number;
    uint32_t acknowledged;
    const uint8_t *payload;
    uint8_t count;      /* of the payload */
} sl_frame;

/* Where encoded bytes go: all of them and 1, or none and 0 when there is no room now. */
typedef uint8_t (*sl_send)(void *where, const uint8_t *bytes, uint16_t count);

typedef struct {
    uint8_t kind;
    uint8_t count;
    uint8_t tries;
    uint8_t due;        /* 1: to be sent at the next chance */
    uint32_t sent_ms;
    uint8_t bytes[SL_LINK_KEPT];
} sl_kept;

/* One end of the link. */
typedef struct {
    sl_send send;
    void *where;
    uint8_t mine, theirs;    /* first bytes of frames sent and taken */
    uint8_t ack_due;
    uint8_t kept_count;
    uint16_t session;        /* 0: none yet */
    uint16_t offered;        /* 0: none; taken for the session when the other end uses it */
    uint32_t kept_first;     /* number of kept[0] */
    uint32_t expected;       /* number of the kept message to be taken next */
    uint32_t fresh_sent;     /* number of the last one sent */
    uint32_t fresh_taken;    /* and taken */
    sl_kept kept[SL_LINK_WINDOW];
    sl_wire_in in;
    sl_wire_counts counts;
} sl_link;

/* Little-endian numbers in payloads. */
uint16_t sl_wire_get16(const uint8_t *bytes);
uint32_t sl_wire_get32(const uint8_t *bytes);
void sl_wire_put16(uint8_t *bytes, uint16_t value);
void sl_wire_put32(uint8_t *bytes, uint32_t value);

/* Begin anew, with empty buffers. */
void sl_wire_in_start(sl_wire_in *in);

/* One byte of the line. 1: a whole frame with a right CRC is in *frame. 0: not yet, or something was
 * dropped and counted. */
uint8_t sl_wire_in_byte(sl_wire_in *in, uint8_t byte, sl_frame *frame, sl_wire_counts *counts);

/* Encode a frame with its CRC into `out`, which has room for SL_FRAME_HEAD + count + SL_FRAME_CRC +
 * SL_FRAME_AROUND bytes. How many bytes it took; 0 where the frame would be longer than SL_FRAME_MOST. */
uint16_t sl_wire_encode(const sl_frame *frame, uint8_t *out);

/* Begin without a session. mine and theirs: SL_WIRE_FROM_DEVICE and SL_WIRE_FROM_HOST, or the reverse. */
void sl_link_start(sl_link *link, uint8_t mine, uint8_t theirs, sl_send send, void *where);

/* Take one byte of the line. 1: a message that counts is in *frame, once and, where it is kept, in order.
 * Hellos come through in any session, without a number; what they are answered with is the caller's. */
uint8_t sl_link_take(sl_link *link, uint8_t byte, sl_frame *frame);

/* Send a message that is kept until it is acknowledged. 0: the window is full, or count over SL_LINK_KEPT. */
uint8_t sl_link_keep(sl_link *link, uint8_t kind, const uint8_t *payload, uint8_t count);

/* Send a message of which only the newest counts, or a hello. 0: there was no room; nothing was sent. */
uint8_t sl_link_fresh(sl_link *link, uint8_t kind, const uint8_t *payload, uint8_t count);

/* Send what is due: kept messages, again where no acknowledgement came, and acknowledgements. After
 * SL_LINK_TRIES the session is over: 0 then, otherwise 1. */
uint8_t sl_link_tick(sl_link *link, uint32_t now_ms);

#ifdef __cplusplus
}
#endif

#endif
