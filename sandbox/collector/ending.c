#define _GNU_SOURCE
#include "ending.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TERMINATION_LOG "/dev/termination-log"
#define RECORD_BYTES 2048 /* a termination message may have 4096 */

static const char *const truth[] = {"false", "true"};

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

static char *put_stage(char *at, const char *name, const struct stage_end *stage) {
    static const char *const limits[] = {
        [NOT_STOPPED] = "null", [BY_WALL] = "\"wall_seconds\"", [BY_CPU] = "\"cpu_seconds\"",
        [BY_MEMORY] = "\"memory_mib\"", [BY_SERVICE] = "\"output_kib\"",
    };
    if (!stage) return at + sprintf(at, ", \"%s\": null", name);
    char status[16] = "null";
    if (!stage->vanished) sprintf(status, "%" PRId32, stage->report.status);
    return at + sprintf(at,
                        ", \"%s\": {\"status\": %s, \"wall_us\": %" PRId64 ", \"cpu_us\": %" PRId64
                        ", \"peak_kib\": %" PRId64 ", \"stopped_by\": %s, \"frames\": %" PRIu64
                        ", \"stdout_truncated\": %s, \"stderr_truncated\": %s}",
                        name, status, stage->report.wall_us, stage->report.cpu_us,
                        stage->report.peak_kib, limits[stopped_by(stage)], stage->frames,
                        truth[stage->truncated[0]], truth[stage->truncated[1]]);
}

void end_with_verdict(int64_t began_us, int64_t ended_us, const struct stage_end *compile,
                      const struct stage_end *run) {
    char record[RECORD_BYTES], *at = record;
    at += sprintf(at, "{\"end\": {\"began_us\": %" PRId64 ", \"ended_us\": %" PRId64, began_us,
                  ended_us);
    at = put_stage(at, "compile", compile);
    at = put_stage(at, "run", run);
    at += sprintf(at, "}}\n");
    end(record, at - record, 0);
}

void end_with_fault(const char *what) {
    char record[RECORD_BYTES];
    end(record, snprintf(record, sizeof record, "{\"end\": {\"fault\": \"%s\"}}\n", what), 1);
}

void end_with_report_of_fault(const struct report *report) {
    static const char *const steps[] = {
        [RECEIVE] = "receive", [WRITE_FILES] = "write files", [FORK] = "fork",
        [EXECUTE] = "execute", [MEASURE] = "measure", [START_PROGRAM] = "start program",
    };
    char what[256];
    int known = report->kind == FAILED && report->step >= RECEIVE && report->step <= START_PROGRAM;
    if (!known) end_with_fault("init said what is not understood");
    snprintf(what, sizeof what, "init failed to %s: %s", steps[report->step],
             strerror(report->status));
    end_with_fault(what);
}
