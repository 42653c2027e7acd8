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
#define LISTED_MAX 20000
#define LISTED_BYTES_MAX (4 << 20) /* of names */

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

static void end(struct stage *stage, int incomplete) {
    send_entry(END, "", incomplete);
    for (int stream = 0; stream < STREAMS; stream++) close(stage->streams[stream]);
}

void collect(struct stage *stage) {
    char path[PATH_MAX] = "program";
    sink = stage->streams[STDOUT_FILENO];
    send_one(AT_FDCWD, PROGRAM, path, 0);
    end(stage, 0);
}

static int listed, listed_bytes, incomplete;

static void list_folder(int folder, char *path, size_t length, int depth);

static void list_one(int parent, const char *name, char *path, size_t length, int depth) {
    struct stat about;
    if (fstatat(parent, name, &about, AT_SYMLINK_NOFOLLOW)) return;
    listed_bytes += length;
    if (++listed > LISTED_MAX || listed_bytes > LISTED_BYTES_MAX) {
        incomplete = 1;
    } else if (S_ISREG(about.st_mode)) {
        send_entry(PLAIN_FILE, path, about.st_size);
    } else if (S_ISDIR(about.st_mode)) {
        int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder < 0) send_entry(OTHER, path, 0);
        else if (depth == DEPTH_MAX) incomplete = 1, close(folder);
        else list_folder(folder, path, length, depth + 1);
    } else {
        send_entry(OTHER, path, 0);
    }
}

static void list_folder(int folder, char *path, size_t length, int depth) {
    DIR *entries = fdopendir(folder);
    if (!entries) fail(COLLECT);
    if (length) path[length++] = '/';
    for (struct dirent *entry; !incomplete && (entry = readdir(entries));) {
        size_t name_bytes = strlen(entry->d_name);
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (length + name_bytes >= PATH_MAX) {
            incomplete = 1;
            break;
        }
        strcpy(path + length, entry->d_name);
        list_one(dirfd(entries), entry->d_name, path, length + name_bytes, depth);
    }
    closedir(entries);
}

void list_work(struct stage *stage) {
    char path[PATH_MAX] = "";
    sink = stage->streams[STDOUT_FILENO];
    listed = listed_bytes = incomplete = 0;
    int work = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (work >= 0) list_folder(work, path, 0, 0);
    else incomplete = 1; /* The program can take its own permission away. */
    end(stage, incomplete);
}

/* Opens it without following a link in any part of the path. */
static int open_below_work(const char *path) {
    char part[NAME_MAX + 1];
    int folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (const char *slash; folder >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
        int parent = folder;
        size_t bytes = slash - path;
        if (bytes > NAME_MAX) bytes = 0; /* which names nothing */
        memcpy(part, path, bytes);
        part[bytes] = '\0';
        folder = openat(parent, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(parent);
    }
    if (folder < 0) return folder;
    int file = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    close(folder);
    return file;
}

void send_wanted(struct stage *stage) {
    struct stat about;
    sink = stage->streams[STDOUT_FILENO];
    for (int i = 0; i < stage->wanted_count; i++) {
        int file = open_below_work(stage->wanted[i]);
        if (file >= 0 && !fstat(file, &about) && S_ISREG(about.st_mode))
            send_file(file, stage->wanted[i], &about);
        else
            send_entry(OTHER, stage->wanted[i], 0);
        if (file >= 0) close(file);
    }
    end(stage, 0);
}
