#define _GNU_SOURCE
#include "collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 64

static int sink;

static void send_bytes(const void *from, size_t bytes) {
    for (const char *at = from; bytes;) {
        ssize_t sent = write(sink, at, bytes);
        if (sent < 0 && errno != EINTR) fail(COLLECT);
        if (sent > 0) at += sent, bytes -= sent;
    }
}

static void send_entry(enum entry_kind kind, const char *path, uint64_t bytes) {
    struct entry entry = {kind, strlen(path), bytes};
    send_bytes(&entry, sizeof entry);
    send_bytes(path, entry.path_bytes);
}

static void send_file(int file, const char *path, const struct stat *about) {
    off_t left = about->st_size;
    send_entry(about->st_mode & 0111 ? EXECUTABLE : PLAIN_FILE, path, left);
    while (left) {
        ssize_t sent = sendfile(sink, file, NULL, left);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) fail(COLLECT);
        left -= sent;
    }
}

static void send_all_of(int folder, char *path, int depth);

/* `path` is the entry's within the program, and `name` is where it is in `parent`. */
static void send_one(int parent, const char *name, char *path, int depth) {
    struct stat about;
    int file = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return;
    if (fstat(file, &about)) fail(COLLECT);
    if (S_ISREG(about.st_mode)) send_file(file, path, &about);
    if (S_ISDIR(about.st_mode) && depth < DEPTH_MAX) {
        send_entry(FOLDER, path, 0);
        send_all_of(file, path, depth + 1);
        return; /* which closed it */
    }
    close(file);
}

static void send_all_of(int folder, char *path, int depth) {
    size_t length = strlen(path);
    DIR *entries = fdopendir(folder);
    if (!entries) fail(COLLECT);
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (length + 1 + strlen(entry->d_name) >= PATH_MAX) continue;
        path[length] = '/';
        strcpy(path + length + 1, entry->d_name);
        send_one(dirfd(entries), entry->d_name, path, depth);
        path[length] = '\0';
    }
    closedir(entries);
}

void collect(struct stage *stage) {
    char path[PATH_MAX] = "program";
    sink = stage->streams[STDOUT_FILENO];
    send_one(AT_FDCWD, PROGRAM, path, 0);
    send_entry(END, "", 0);
    for (int stream = 0; stream < STREAMS; stream++) close(stage->streams[stream]);
}
