#define _GNU_SOURCE
#include "ending.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TERMINATION_LOG "/dev/termination-log"
#define MESSAGE_BYTES 4096 /* the most that a termination message may have */
#define END_BYTES 256
#define RECORD_BYTES 512

static const char *const truth[] = {"false", "true"};
static char kept[MESSAGE_BYTES]; /* the records of all stages, if they fit */
static size_t kept_bytes;
static int all_kept = 1, ended;

static _Noreturn void end(const char *record, size_t bytes, int code) {
    write_log(record, bytes);
    int message = open(TERMINATION_LOG, O_WRONLY | O_TRUNC | O_CLOEXEC);
    int complete = message >= 0 && write(message, record, bytes) == (ssize_t)bytes;
    _exit(complete ? code : 1);
}

int stopped_by(const struct stage_end *stage) {
    int by_init = stage->report.stopped_by;
    return by_init == NOT_STOPPED && (stage->truncated[0] || stage->truncated[1]) ? BY_SERVICE
                                                                                  : by_init;
}

/* Keeps it for the end record, too, if there is room. */
static void keep(const char *record, size_t bytes) {
    static const size_t room = sizeof kept - END_BYTES;
    if (kept_bytes + bytes + 2 > room) all_kept = 0;
    if (!all_kept) return;
    kept_bytes += sprintf(kept + kept_bytes, "%s%s", kept_bytes ? ", " : "", record);
}

void record_stage(int stage, const struct stage_end *end) {
    static const char *const limits[] = {
        [NOT_STOPPED] = "null", [BY_WALL] = "\"wall_seconds\"", [BY_CPU] = "\"cpu_seconds\"",
        [BY_MEMORY] = "\"memory_mib\"", [BY_SERVICE] = "\"output_kib\"",
    };
    char status[16] = "null", record[RECORD_BYTES], line[RECORD_BYTES + 16];
    if (!end->vanished) sprintf(status, "%" PRId32, end->report.status);
    int bytes = sprintf(record,
                        "{\"stage\": %d, \"status\": %s, \"wall_us\": %" PRId64
                        ", \"cpu_us\": %" PRId64 ", \"peak_kib\": %" PRId64
                        ", \"stopped_by\": %s, \"frames\": %" PRIu64
                        ", \"stdout_truncated\": %s, \"stderr_truncated\": %s}",
                        stage, status, end->report.wall_us, end->report.cpu_us,
                        end->report.peak_kib, limits[stopped_by(end)], end->frames,
                        truth[end->truncated[0]], truth[end->truncated[1]]);
    write_log(line, sprintf(line, "{\"ended\": %s}\n", record));
    keep(record, bytes);
    ended++;
}

/* Whether init, whose container is like this one, can see how many processes the kernel killed. */
static int counts_kills(void) {
    if (!access("/sys/fs/cgroup/cgroup.controllers", F_OK))
        return !access("/sys/fs/cgroup/memory.events", R_OK);
    char content[256] = "";
    int file = open("/sys/fs/cgroup/memory/memory.oom_control", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t bytes = read(file, content, sizeof content - 1);
    close(file);
    return bytes > 0 && strstr(content, "oom_kill ");
}

void end_with_verdict(int64_t began_us, int64_t ended_us, int runs, int left) {
    char record[sizeof kept], stages[sizeof kept + 4] = "null";
    if (all_kept) snprintf(stages, sizeof stages, "[%s]", kept);
    int bytes = snprintf(record, sizeof record,
                         "{\"end\": {\"began_us\": %" PRId64 ", \"ended_us\": %" PRId64
                         ", \"runs\": %d, \"left\": %d, \"ended\": %d, \"counts_kills\": %s"
                         ", \"stages\": %s}}\n",
                         began_us, ended_us, runs, left, ended, truth[counts_kills()], stages);
    end(record, bytes, 0);
}

void end_with_fault(const char *what) {
    char record[RECORD_BYTES];
    end(record, snprintf(record, sizeof record, "{\"end\": {\"fault\": \"%s\"}}\n", what), 1);
}

void end_with_report_of_fault(const struct report *report) {
    static const char *const steps[] = {
        [RECEIVE] = "receive", [WRITE_FILES] = "write files", [FORK] = "fork",
        [EXECUTE] = "execute", [MEASURE] = "measure", [START_PROGRAM] = "start program",
        [COLLECT] = "collect",
    };
    char what[256];
    int known = report->kind == FAILED && report->step >= RECEIVE && report->step <= COLLECT;
    if (!known) end_with_fault("init said what is not understood");
    snprintf(what, sizeof what, "init failed to %s: %s", steps[report->step],
             strerror(report->status));
    end_with_fault(what);
}
