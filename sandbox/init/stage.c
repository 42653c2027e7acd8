#define _GNU_SOURCE
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"

#define PIPE_BYTES 65536 /* the default capacity of a pipe */
#define PIECE_BYTES 65536

struct record {
    char tag;
    uint32_t length;
    char *content;
};

/* A body is received in pieces, so that files take no memory here, however large they are. */
struct source {
    uint64_t left;  /* not received yet */
    char *at, *end; /* received, and not taken yet */
    char piece[PIECE_BYTES];
};

/* Returns how much there is at `source->at`, at most `most`. */
static size_t available(struct source *source, size_t most) {
    if (source->at == source->end) {
        size_t bytes = source->left < PIECE_BYTES ? source->left : PIECE_BYTES;
        errno = EPROTO;
        if (!bytes) fail(RECEIVE);
        receive_bytes(source->piece, bytes);
        source->left -= bytes;
        source->at = source->piece;
        source->end = source->piece + bytes;
    }
    size_t bytes = source->end - source->at;
    return bytes < most ? bytes : most;
}

static void take(struct source *source, void *into, size_t bytes) {
    for (char *at = into; bytes;) {
        size_t part = available(source, bytes);
        memcpy(at, source->at, part);
        source->at += part, at += part, bytes -= part;
    }
}

static void take_end_of_record(struct source *source) {
    char end;
    take(source, &end, 1);
    errno = EPROTO;
    if (end != '\0') fail(RECEIVE);
}

static void make_folders_of(char *path) {
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) && errno != EEXIST) fail(WRITE_FILES);
        *slash = '/';
    }
}

/* Returns what is left of the record. */
static uint32_t take_path(struct source *source, uint32_t length, char *path) {
    do {
        errno = EPROTO;
        if (!length--) fail(WRITE_FILES);
        take(source, path, 1);
    } while (*path++);
    return length;
}

/* No program runs, and the folder is empty at first, so no link can be in the way. `path` has room
 * for the record's.
 */
static void write_file(struct source *source, uint32_t length, char *path) {
    length = take_path(source, length, path);
    make_folders_of(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0) fail(WRITE_FILES);
    while (length) {
        size_t part = available(source, length);
        ssize_t written = write(file, source->at, part);
        if (written < 0) fail(WRITE_FILES);
        source->at += written, length -= written;
    }
    close(file);
}

static int filled_pipe(const char *content, size_t length) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) fail(RECEIVE);
    if (length > PIPE_BYTES) fcntl(ends[1], F_SETPIPE_SZ, length);
    int complete = write(ends[1], content, length) == (ssize_t)length;
    close(ends[1]);
    if (complete && fcntl(ends[0], F_SETFL, 0) == 0) return ends[0];
    close(ends[0]);
    return NONE;
}

static int filled_file(const char *content, size_t length) {
    int file = memfd_create("stdin", MFD_CLOEXEC);
    if (file < 0 || write(file, content, length) != (ssize_t)length || lseek(file, 0, SEEK_SET))
        fail(RECEIVE);
    return file;
}

/* A file if the pipe is too small: a user with many pipes gets small ones (pipe(7)). */
static int filled_stdin(const char *content, size_t length) {
    int filled = filled_pipe(content, length);
    return filled == NONE ? filled_file(content, length) : filled;
}

static void take_record(struct stage *stage, struct record record) {
    uint64_t limit[3];
    errno = E2BIG;
    switch (record.tag) {
    case 'A':
        if (stage->args == RECORDS_MAX) fail(RECEIVE);
        stage->argv[stage->args++] = record.content;
        return;
    case 'X':
        if (stage->path_count == RECORDS_MAX) fail(RECEIVE);
        stage->paths[stage->path_count++] = record.content;
        return;
    case 'I':
        if (stage->streams[STDIN_FILENO] != NONE) fail(RECEIVE);
        stage->streams[STDIN_FILENO] = filled_stdin(record.content, record.length);
        return;
    case 'E':
        if (stage->variables == RECORDS_MAX) fail(RECEIVE);
        stage->envp[stage->variables++] = record.content;
        return;
    case 'R':
        if (record.length != sizeof limit || stage->limit_count == RECORDS_MAX) fail(RECEIVE);
        memcpy(limit, record.content, sizeof limit);
        stage->limits[stage->limit_count].resource = (int)limit[0];
        stage->limits[stage->limit_count++].limit = (struct rlimit){limit[1], limit[2]};
        return;
    case 'M':
        stage->merged = 1;
        return;
    case 'P':
        if (record.length != sizeof stage->peak_max_kib) fail(RECEIVE);
        memcpy(&stage->peak_max_kib, record.content, sizeof stage->peak_max_kib);
        return;
    case 'B':
        empty_box();
        return;
    case 'L':
        if (symlink(record.content, PROGRAM)) fail(WRITE_FILES);
        return;
    case 'C':
        stage->collects = 1;
        return;
    case 'W':
        stage->lists = 1;
        return;
    case 'G':
        if (stage->wanted_count == RECORDS_MAX) fail(RECEIVE);
        stage->wanted[stage->wanted_count++] = record.content;
        return;
    case 'N':
        stage->starts_ahead = 1;
        return;
    case 'H':
        stage->task = record.content;
        stage->task_bytes = record.length;
        return;
    case 'U':
        stage->uncounted_memory = 1;
        return;
    default:
        errno = EPROTO;
        fail(RECEIVE);
    }
}

/* Returns where the next record's content can go. */
static char *receive_record(struct stage *stage, struct source *source, char *room) {
    struct record record = {.content = room};
    take(source, &record.tag, sizeof record.tag);
    take(source, &record.length, sizeof record.length);
    if (record.tag == 'F') {
        write_file(source, record.length, room);
        take_end_of_record(source);
        return room;
    }
    take(source, room, record.length);
    room[record.length] = '\0';
    take_end_of_record(source);
    take_record(stage, record);
    return room + record.length + 1;
}

char *receive_stage(struct stage *stage) {
    static struct source source;
    memset(stage, 0, sizeof *stage);
    stage->head = receive_head(stage->streams);
    source.left = stage->head.body_bytes;
    source.at = source.end = source.piece;
    /* Pages that nothing is written to, because files are not kept here, take no memory. */
    char *contents = malloc(stage->head.body_bytes), *room = contents;
    if (!contents) fail(RECEIVE);
    while (source.left || source.at < source.end) room = receive_record(stage, &source, room);
    errno = EPROTO;
    if (stage->collects || stage->lists || stage->wanted_count) return contents;
    if ((!stage->args && !stage->task) || stage->streams[STDIN_FILENO] == NONE) fail(RECEIVE);
    return contents;
}
