/* Runs the codec of sl_wire.c for tests, a line in, lines out:
 *   E sender kind session number acknowledged payload    → the frame's bytes, or -
 *   D bytes                                              → each frame, then "counts damaged partial"
 * Numbers are decimal, bytes hexadecimal, - for none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sl_wire.h"

static char line[70000];
static uint8_t bytes[35000];

static size_t read_hex(const char *text)
{
    size_t count = 0;
    unsigned byte;

    while (*text && sscanf(text, "%2x", &byte) == 1) {
        bytes[count++] = (uint8_t)byte;
        text += 2;
    }
    return count;
}

static void print_hex(const uint8_t *at, size_t count)
{
    if (count == 0)
        printf("-");
    while (count--)
        printf("%02x", *at++);
}

static void encode(char *text)
{
    unsigned sender, kind, session;
    unsigned long number, acknowledged;
    uint8_t out[300];
    sl_frame frame;
    int at = 0;

    if (sscanf(text, "%u %u %u %lu %lu %n", &sender, &kind, &session, &number, &acknowledged, &at) != 5)
        exit(2);
    frame.sender = (uint8_t)sender;
    frame.kind = (uint8_t)kind;
    frame.session = (uint16_t)session;
    frame.number = (uint32_t)number;
    frame.acknowledged = (uint32_t)acknowledged;
    frame.count = (uint8_t)read_hex(text + at);
    frame.payload = bytes;
    print_hex(out, sl_wire_encode(&frame, out));
    printf("\n");
}

static void decode(const char *text)
{
    sl_wire_counts counts = {0, 0, 0, 0, 0};
    size_t count = read_hex(text), i;
    sl_wire_in in;
    sl_frame frame;

    sl_wire_in_start(&in);
    for (i = 0; i < count; i++) {
        if (!sl_wire_in_byte(&in, bytes[i], &frame, &counts))
            continue;
        printf("%u %u %u %lu %lu ", frame.sender, frame.kind, frame.session, (unsigned long)frame.number,
               (unsigned long)frame.acknowledged);
        print_hex(frame.payload, frame.count);
        printf("\n");
    }
    printf("counts %u %u\n", counts.damaged, counts.partial);
}

int main(void)
{
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] == 'E')
            encode(line + 2);
        else
            decode(line + 2);
        fflush(stdout);
    }
    return 0;
}
