#define _GNU_SOURCE
#include "artifacts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ending.h"
#include "patterns.h"
#include "request.h"
#include "transcript.h"

/* As in artifacts/rules.py. */
#define NAME_BYTES_MAX 1024
#define LEFT_OUT_MAX 64
#define SHOWN_BYTES 801 /* more than the 200 characters that are shown have */
#define ENTRIES_MAX 20001 /* what init lists at most, and the end */
#define BASE64_BYTES(bytes) ((bytes) * 4 / 3 + 4)

struct found {
    char *path;
    uint64_t bytes;
    int is_file;
};

struct collection {
    const struct channel *channel;
    const struct wish *wish;
    struct found *found; /* what the patterns ask for; later, those that are chosen */
    size_t count, room_for;
    uint64_t most, room; /* bytes */
    uint64_t files, left_out, more;
    int incomplete;
};

/* What there is */

static void add(struct collection *collection, const char *path, const struct entry *entry) {
    if (collection->count == collection->room_for) {
        collection->room_for = collection->room_for * 2 + 64;
        collection->found = reallocarray(collection->found, collection->room_for, sizeof *collection->found);
    }
    struct found found = {strdup(path), entry->content_bytes, entry->kind != OTHER};
    if (!collection->found || !found.path) end_with_fault("there are too many names of files");
    collection->found[collection->count++] = found;
}

/* False if init is gone. */
static int list(struct collection *collection) {
    static char path[PATH_MAX];
    struct entry entry;
    if (!ask_init(collection->channel, 'W', "")) return 0;
    for (int entries = 0; entries < ENTRIES_MAX; entries++) {
        if (!receive_entry(collection->channel, &entry, path)) return 0;
        collection->incomplete = entry.kind == END && entry.content_bytes;
        if (entry.kind == END) return 1;
        if (wants(collection->wish->patterns, path)) add(collection, path, &entry);
    }
    end_with_fault("init lists more files than it may");
}

/* What is kept */

static void leave_out(struct collection *collection, const char *path, const char *why,
                      uint64_t number) {
    char line[BASE64_BYTES(SHOWN_BYTES) + 256], *end = line;
    if (collection->left_out == LEFT_OUT_MAX) {
        collection->more++;
        return;
    }
    collection->left_out++;
    end += sprintf(end, "{\"left_out\": {\"why\": \"%s\", \"number\": %" PRIu64 ", \"room\": %" PRIu64
                        ", \"most\": %" PRIu64 ", \"path\": \"",
                   why, number, collection->room, collection->most);
    end = base64(end, (const unsigned char *)path, strnlen(path, SHOWN_BYTES));
    write_log(line, mempcpy(end, "\"}}\n", 4) - (void *)line);
}

/* It would control a terminal or reorder text, is not UTF-8, or separates folders on Windows. */
static int is_bad(uint32_t character) {
    return character < 0x20 || character == '\\' || (character >= 0x7f && character < 0xa0) ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069) ||
           (character >= 0xd800 && character < 0xe000);
}

static int has_bad_name(const char *path) {
    while (*path)
        if (is_bad(next_character(&path))) return 1;
    return 0;
}

static int is_kept(struct collection *collection, const struct found *found) {
    size_t path_bytes = strlen(found->path);
    if (!found->is_file) leave_out(collection, found->path, "not a file", 0);
    else if (path_bytes > NAME_BYTES_MAX) leave_out(collection, found->path, "long name", path_bytes);
    else if (has_bad_name(found->path)) leave_out(collection, found->path, "bad name", 0);
    else if (collection->count == collection->wish->files)
        leave_out(collection, found->path, "too many", collection->wish->files);
    else if (found->bytes > collection->room) leave_out(collection, found->path, "too large", found->bytes);
    else return 1;
    return 0;
}

static int by_path(const void *one, const void *other) {
    return strcmp(((const struct found *)one)->path, ((const struct found *)other)->path);
}

static void choose(struct collection *collection) {
    size_t count = collection->count;
    if (count) qsort(collection->found, count, sizeof *collection->found, by_path);
    collection->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct found found = collection->found[i];
        if (!is_kept(collection, &found)) continue;
        collection->found[collection->count++] = found;
        collection->room -= found.bytes;
    }
}

/* What is in it */

static void begin_file(struct collection *collection, const struct found *found) {
    char line[BASE64_BYTES(NAME_BYTES_MAX) + 128], *end = line;
    collection->files++;
    end += sprintf(end, "{\"file\": {\"bytes\": %" PRIu64 ", \"path\": \"", found->bytes);
    end = base64(end, (const unsigned char *)found->path, strlen(found->path));
    write_log(line, mempcpy(end, "\"}}\n", 4) - (void *)line);
}

/* False if init is gone. */
static int keep_content(const struct channel *channel, uint64_t left) {
    static unsigned char content[FRAME_BYTES];
    static char line[BASE64_BYTES(FRAME_BYTES) + 64];
    while (left) {
        size_t part = left < sizeof content ? left : sizeof content;
        if (!receive(channel, content, part)) return 0;
        char *end = base64(line + sprintf(line, "{\"content\": \""), content, part);
        write_log(line, mempcpy(end, "\"}\n", 3) - (void *)line);
        left -= part;
    }
    return 1;
}

/* False if init is gone. */
static int keep(struct collection *collection, const struct found *found) {
    static char path[PATH_MAX];
    struct entry entry;
    if (!ask_init(collection->channel, 'G', found->path)) return 0;
    if (!receive_entry(collection->channel, &entry, path)) return 0;
    if (strcmp(path, found->path)) end_with_fault("init sends another file than it was asked for");
    if (entry.kind == OTHER) {
        leave_out(collection, path, "not a file", 0);
    } else {
        if (entry.content_bytes != found->bytes)
            end_with_fault("a file changed although nothing was running");
        begin_file(collection, found);
        if (!keep_content(collection->channel, found->bytes)) return 0;
    }
    return receive_entry(collection->channel, &entry, path); /* the end */
}

static int keep_all(struct collection *collection) {
    for (size_t i = 0; i < collection->count; i++)
        if (!keep(collection, &collection->found[i])) return 0;
    return 1;
}

void keep_artifacts(const struct channel *channel, const struct wish *wish, uint64_t *log_left) {
    char line[256];
    uint64_t room = wish->bytes < *log_left ? wish->bytes : *log_left;
    struct collection collection = {.channel = channel, .wish = wish, .most = wish->bytes, .room = room};
    int listed = list(&collection);
    if (listed) choose(&collection);
    *log_left -= room - collection.room;
    if (!listed || !keep_all(&collection)) {
        lose_artifacts();
        return;
    }
    write_log(line, sprintf(line,
                            "{\"artifacts\": {\"files\": %" PRIu64 ", \"left_out\": %" PRIu64
                            ", \"more\": %" PRIu64 ", \"complete\": %s}}\n",
                            collection.files, collection.left_out, collection.more,
                            collection.incomplete ? "false" : "true"));
}

void lose_artifacts(void) {
    static const char line[] = "{\"artifacts\": null}\n";
    write_log(line, sizeof line - 1);
}
