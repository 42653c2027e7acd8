/* Whether a submission asks for a file. artifacts/words.py encodes the patterns. */
#ifndef PODLINE_PATTERNS_H
#define PODLINE_PATTERNS_H

#include <stdint.h>

/* The words: how many patterns there are, and each pattern, the last one first: how many words
 * follow, flags, and segments that end with NEXT or LAST. A character stands for itself.
 */
enum { NEGATED = 1, FOLDERS_ONLY = 2, ANYWHERE = 4 };
enum {
    ANY = 0x110000, /* one character */
    SET,            /* one character: whether it is negated, how many ranges, their ends */
    STAR,
    FOLDERS, /* a segment of its own: any number of parts of the path */
    NEXT,
    LAST,
};

/* The last pattern that fits decides; a folder that is wanted is wanted as a whole. Fast if paths come
 * in the order in which folders are listed. `path` is shorter than PATH_MAX.
 */
int wants(const uint32_t *patterns, const char *path);

/* Takes the next character of UTF-8. A byte that is none becomes 0xdc00 + byte, as in Python. */
uint32_t next_character(const char **at);

#endif
