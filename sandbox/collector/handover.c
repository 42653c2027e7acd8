#define _GNU_SOURCE
#include "handover.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ending.h"
#include "transcript.h"

static void wait_for_more(int status) {
    struct pollfd sources[] = {{STDIN_FILENO, POLLIN, 0}, {status, POLLIN, 0}};
    while (poll(sources, 2, -1) < 0) {}
    if (sources[1].revents) end_with_fault("main ended before there was any input");
}

static void take_all(int status, void *into, size_t bytes) {
    for (char *at = into, *end = at + bytes; at < end;) {
        wait_for_more(status);
        ssize_t got = read(STDIN_FILENO, at, end - at);
        if (got <= 0) end_with_fault("the input was not handed over as a whole");
        at += got;
    }
}

static uint32_t crc32(const unsigned char *content, size_t bytes) {
    uint32_t table[256], sum = ~0u;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
    }
    for (size_t i = 0; i < bytes; i++) sum = table[(sum ^ content[i]) & 255] ^ sum >> 8;
    return ~sum;
}

const char *wait_for_input(int status, size_t *bytes) {
    struct handover handover;
    char line[64];
    take_all(status, &handover, sizeof handover);
    char *content = handover.bytes <= HANDOVER_MAX ? malloc(handover.bytes) : NULL;
    if (!content) end_with_fault("the input that was handed over is too long");
    take_all(status, content, handover.bytes);
    if (crc32((unsigned char *)content, handover.bytes) != handover.sum)
        end_with_fault("the input was damaged when it was handed over");
    *bytes = handover.bytes;
    write_log(line, sprintf(line, "{\"taken\": %" PRIu64 "}\n", handover.bytes));
    return content;
}
