#define _GNU_SOURCE
#include "transcript.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define JOINED_US 50000
#define LINE_BYTES (FRAME_BYTES * 4 / 3 + 256)

void begin_transcript(struct transcript *transcript, int stage, int runs, uint64_t cap,
                      uint64_t *left) {
    memset(transcript, 0, sizeof *transcript);
    transcript->stage = stage;
    transcript->runs = runs;
    transcript->cap = cap;
    transcript->left = left;
    transcript->streams[0].name = "stdout";
    transcript->streams[1].name = "stderr";
}

void write_log(const char *text, size_t bytes) {
    while (bytes) {
        ssize_t written = write(STDOUT_FILENO, text, bytes);
        if (written < 0 && errno != EINTR) _exit(1);
        if (written > 0) text += written, bytes -= written;
    }
}

char *base64(char *to, const unsigned char *from, size_t bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (; bytes; from += 3) {
        uint32_t three = from[0] << 16 | (bytes > 1 ? from[1] << 8 : 0) | (bytes > 2 ? from[2] : 0);
        *to++ = digits[three >> 18];
        *to++ = digits[three >> 12 & 63];
        *to++ = bytes > 1 ? digits[three >> 6 & 63] : '=';
        *to++ = bytes > 2 ? digits[three & 63] : '=';
        bytes -= bytes < 3 ? bytes : 3;
    }
    return to;
}

static void write_frame(struct transcript *transcript, struct stream *stream) {
    char line[LINE_BYTES];
    if (!stream->held) return;
    char *end = line + sprintf(line,
                               "{\"stage\": %d, \"of\": %d, \"sequence\": %" PRIu64 ", \"stream\": \"%s\", "
                               "\"offset\": %" PRIu64 ", \"content\": \"",
                               transcript->stage, transcript->runs, ++transcript->frames, stream->name,
                               stream->printed - stream->held);
    end = base64(end, stream->content, stream->held);
    memcpy(end, "\"}\n", 3);
    write_log(line, end + 3 - line);
    stream->held = 0;
}

static int64_t due(const struct stream *stream) {
    return stream->held ? stream->held_since + JOINED_US : INT64_MAX;
}

int64_t frame_due(const struct transcript *transcript) {
    int64_t first = due(&transcript->streams[0]), second = due(&transcript->streams[1]);
    return first < second ? first : second;
}

void write_frames(struct transcript *transcript) {
    int older = due(&transcript->streams[1]) < due(&transcript->streams[0]);
    write_frame(transcript, &transcript->streams[older]);
    write_frame(transcript, &transcript->streams[!older]);
}

void take_output(struct transcript *transcript, int number, const unsigned char *content,
                 size_t bytes, int64_t now) {
    struct stream *stream = &transcript->streams[number];
    uint64_t most = transcript->cap - stream->printed;
    if (most > *transcript->left) most = *transcript->left;
    if (bytes > most) {
        bytes = most;
        stream->truncated = 1;
    }
    *transcript->left -= bytes;
    while (bytes) {
        size_t room = FRAME_BYTES - stream->held, part = bytes < room ? bytes : room;
        if (!stream->held) stream->held_since = now;
        memcpy(stream->content + stream->held, content, part);
        stream->held += part;
        stream->printed += part;
        content += part;
        bytes -= part;
        /* Both streams, so that they stay in order, with at most two frames for 8 KiB. */
        if (stream->held == FRAME_BYTES) write_frames(transcript);
    }
}
