#include "patterns.h"

#include <limits.h>
#include <string.h>

struct name {
    uint32_t characters[PATH_MAX];
    const uint32_t *parts[PATH_MAX + 1]; /* where each begins; one more, behind a last slash */
    int count; /* of parts */
};

uint32_t next_character(const char **at) {
    static const uint32_t lowest[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)*at;
    int more = *byte < 0x80 ? 0 : (*byte & 0xe0) == 0xc0 ? 1 : (*byte & 0xf0) == 0xe0 ? 2
               : (*byte & 0xf8) == 0xf0 ? 3 : -1;
    uint32_t character = more > 0 ? *byte & (0x3f >> more) : *byte;
    for (int i = 1; i <= more; i++) {
        if ((byte[i] & 0xc0) != 0x80) more = -1;
        else character = character << 6 | (byte[i] & 0x3f);
    }
    if (more < 0 || character < lowest[more] || character > 0x10ffff ||
        (character >= 0xd800 && character < 0xe000)) {
        ++*at;
        return 0xdc00 + *byte;
    }
    *at += more + 1;
    return character;
}

static void split(struct name *name, const char *path) {
    uint32_t *end = name->characters;
    name->parts[0] = end;
    name->count = 1;
    while (*path) {
        *end = next_character(&path);
        if (*end++ == '/') name->parts[name->count++] = end;
    }
    name->parts[name->count] = end + 1;
}

/* One part of a path */

static const uint32_t *after(const uint32_t *token) {
    return token + (*token == SET ? 3 + 2 * token[2] : 1);
}

static int fits_one(const uint32_t *token, uint32_t character) {
    if (*token != SET) return *token == ANY || *token == character;
    const uint32_t *ends = token + 3;
    for (uint32_t i = 0; i < token[2]; i++)
        if (character >= ends[2 * i] && character <= ends[2 * i + 1]) return !token[1];
    return token[1];
}

/* Goes back no further than to the last STAR. */
static int fits_part(const uint32_t *token, const uint32_t *at, const uint32_t *end) {
    const uint32_t *behind_star = NULL, *resume = NULL;
    while (at < end) {
        if (*token == STAR) behind_star = ++token, resume = at;
        else if (*token <= SET && fits_one(token, *at)) token = after(token), at++;
        else if (behind_star) token = behind_star, at = ++resume;
        else return 0;
    }
    while (*token == STAR) token++;
    return *token == NEXT || *token == LAST;
}

/* All parts */

/* NULL behind the last one. */
static const uint32_t *next_segment(const uint32_t *segment) {
    while (*segment != NEXT && *segment != LAST) segment = after(segment);
    return *segment == NEXT ? segment + 1 : NULL;
}

/* Likewise, goes back no further than to the last FOLDERS. */
static int fits_parts(const uint32_t *segment, const struct name *name, int part, int count) {
    const uint32_t *behind_any = NULL;
    int resume = 0;
    while (part < count) {
        const uint32_t *const *parts = name->parts + part;
        if (segment && *segment == FOLDERS)
            segment = behind_any = next_segment(segment), resume = part;
        else if (segment && fits_part(segment, parts[0], parts[1] - 1))
            segment = next_segment(segment), part++;
        else if (behind_any)
            segment = behind_any, part = ++resume;
        else
            return 0;
    }
    while (segment && *segment == FOLDERS) segment = next_segment(segment);
    return !segment;
}

static int last_fit(const uint32_t *patterns, const struct name *name, int count, int is_folder) {
    const uint32_t *pattern = patterns + 1;
    for (uint32_t left = *patterns; left; left--, pattern += 1 + pattern[0]) {
        uint32_t flags = pattern[1];
        if (flags & FOLDERS_ONLY && !is_folder) continue;
        if (fits_parts(pattern + 2, name, flags & ANYWHERE ? count - 1 : 0, count))
            return !(flags & NEGATED);
    }
    return 0;
}

/* How many folders above it are the same as those of the path before. */
static int folders_in_common(const char *path, const char *before) {
    int folders = 0;
    for (; *path && *path == *before; path++, before++) folders += *path == '/';
    return folders;
}

int wants(const uint32_t *patterns, const char *path) {
    static struct name name;
    static char before[PATH_MAX];
    static char wanted[PATH_MAX + 1]; /* of the path before, by the number of its parts */
    int known = folders_in_common(path, before);
    strcpy(before, path);
    split(&name, path);
    for (int count = known + 1; count < name.count; count++)
        wanted[count] = wanted[count - 1] || last_fit(patterns, &name, count, 1);
    return wanted[name.count - 1] || last_fit(patterns, &name, name.count, 0);
}
