#define _GNU_SOURCE
#include "usage.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNKNOWN (-1)
#define V1 "/sys/fs/cgroup/memory/"
#define V2 "/sys/fs/cgroup/"

/* A number in a file of the control group: its whole content, or the value of a key. */
struct figure {
    int file;
    const char *key;
};

static struct {
    struct figure cpu, memory, inactive_file, active_file, peak, oom_kills;
    int cpu_per_us;
} cgroup;
static int measures, stages;
static int64_t cpu_before, memory_before, used_before, peak_before, peak_seen, oom_kills_before;

static struct figure figure(const char *path, const char *key) {
    return (struct figure){open(path, O_RDONLY | O_CLOEXEC), key};
}

static int64_t value(struct figure figure) {
    char text[8192], *at = text;
    ssize_t length = figure.file < 0 ? -1 : pread(figure.file, text, sizeof text - 1, 0);
    if (length <= 0) return UNKNOWN;
    text[length] = '\0';
    if (!figure.key) return strtoll(text, NULL, 10);
    size_t key = strlen(figure.key);
    while (strncmp(at, figure.key, key) || at[key] != ' ') {
        at = strchr(at, '\n');
        if (!at) return UNKNOWN;
        at++;
    }
    return strtoll(at + key, NULL, 10);
}

static int64_t at_least_zero(int64_t number) {
    return number < 0 ? 0 : number;
}

void open_usage(void) {
    measures = 1;
    if (access(V2 "cgroup.controllers", F_OK) == 0) {
        cgroup.cpu = figure(V2 "cpu.stat", "usage_usec");
        cgroup.cpu_per_us = 1;
        cgroup.memory = figure(V2 "memory.current", NULL);
        cgroup.inactive_file = figure(V2 "memory.stat", "inactive_file");
        cgroup.peak = figure(V2 "memory.peak", NULL);
        cgroup.oom_kills = figure(V2 "memory.events", "oom_kill");
    } else {
        cgroup.cpu = figure("/sys/fs/cgroup/cpuacct/cpuacct.usage", NULL);
        cgroup.cpu_per_us = 1000;
        cgroup.memory = figure(V1 "memory.usage_in_bytes", NULL);
        cgroup.inactive_file = figure(V1 "memory.stat", "inactive_file");
        cgroup.peak = figure(V1 "memory.max_usage_in_bytes", NULL);
        cgroup.oom_kills = figure(V1 "memory.oom_control", "oom_kill");
    }
    cgroup.active_file = (struct figure){cgroup.inactive_file.file, "active_file"};
}

int begin_usage(int64_t memory_bytes) {
    if (!measures) return 1;
    stages++;
    cpu_before = value(cgroup.cpu);
    memory_before = at_least_zero(value(cgroup.memory));
    used_before = at_least_zero(memory_used_bytes());
    peak_before = value(cgroup.peak);
    peak_seen = 0;
    oom_kills_before = value(cgroup.oom_kills);
    return !memory_bytes || value(cgroup.memory) != UNKNOWN;
}

/* Of all processes except init, and of those that they waited for. */
static int64_t cpu_in_proc_us(void) {
    int64_t ticks = 0;
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[sizeof entry->d_name + 16], text[1024];
        if (!isdigit(entry->d_name[0]) || !strcmp(entry->d_name, "1")) continue;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        struct figure stat = figure(path, NULL);
        ssize_t length = stat.file < 0 ? -1 : read(stat.file, text, sizeof text - 1);
        if (stat.file >= 0) close(stat.file);
        if (length <= 0) continue;
        text[length] = '\0';
        long long user, system, waited_user, waited_system;
        char *after_name = strrchr(text, ')'); /* proc_pid_stat(5): the name may hold anything */
        if (after_name && sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld"
                                 " %lld %lld", &user, &system, &waited_user, &waited_system) == 4)
            ticks += user + system + waited_user + waited_system;
    }
    if (folder) closedir(folder);
    return ticks * 1000000 / sysconf(_SC_CLK_TCK);
}

int64_t cpu_used_us(int64_t reaped_us) {
    if (!measures) return reaped_us;
    if (cpu_before == UNKNOWN) return reaped_us + cpu_in_proc_us();
    return (value(cgroup.cpu) - cpu_before) / cgroup.cpu_per_us;
}

int64_t memory_used_bytes(void) {
    int64_t used = value(cgroup.memory);
    used -= at_least_zero(value(cgroup.inactive_file)) + at_least_zero(value(cgroup.active_file));
    if (used > peak_seen) peak_seen = used;
    return used;
}

int peak_must_be_seen(void) {
    return stages > 1 && cgroup.memory.file >= 0;
}

/* The kernel's peak can't be reset from in here, so it is the stage's own only if it rose. It may
 * rise by less than the stage used, if the kernel dropped files that the last stage had cached. */
int64_t memory_peak_kib(void) {
    if (!measures) return 0;
    int64_t mark = value(cgroup.peak), seen = peak_seen - used_before;
    int64_t risen = mark > peak_before ? mark - memory_before : 0;
    return at_least_zero(seen > risen ? seen : risen) / 1024;
}

int out_of_memory(void) {
    return measures && value(cgroup.oom_kills) > oom_kills_before;
}
