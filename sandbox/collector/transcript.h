/* What a stage prints, as lines of the collector's log. transcript.py reads them. */
#ifndef PODLINE_TRANSCRIPT_H
#define PODLINE_TRANSCRIPT_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_BYTES 8192 /* as base64, with the rest of its line, below the 16 KiB of a log's line */

struct stream {
    const char *name;
    uint64_t printed; /* bytes that were kept, `held` ones included */
    int truncated;
    size_t held;
    int64_t held_since;
    unsigned char content[FRAME_BYTES];
};

struct transcript {
    int stage, runs;
    uint64_t cap; /* bytes per stream */
    uint64_t *left; /* bytes of all stages that the log still takes */
    uint64_t frames;
    struct stream streams[2];
};

/* `runs` is how many the pod has. */
void begin_transcript(struct transcript *transcript, int stage, int runs, uint64_t cap,
                      uint64_t *left);

/* Keeps what fits below the cap and into the log. */
void take_output(struct transcript *transcript, int stream, const unsigned char *content,
                 size_t bytes, int64_t now);

/* The latest time to write a frame; INT64_MAX if there is nothing to write. */
int64_t frame_due(const struct transcript *transcript);
/* Writes what is held, the older stream first. */
void write_frames(struct transcript *transcript);

/* Returns the end of what it wrote: a third more than `bytes`, rounded up to four. */
char *base64(char *to, const unsigned char *from, size_t bytes);
/* Writes all of it to the log, or exits. */
void write_log(const char *text, size_t bytes);

#endif
