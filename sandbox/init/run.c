#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ahead.h"
#include "launch.h"
#include "usage.h"

#define NEVER INT64_MAX
#define BETWEEN_CPU_LOOKS_US 10000
#define BETWEEN_MEMORY_LOOKS_US 5000

struct run {
    const struct stage *stage;
    struct report report;
    pid_t program;
    int64_t begun;
    int64_t wall_ends, look_at_cpu, look_at_memory;
};

static int children;

void hear_of_children(void) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (children < 0) fail(FORK);
}

static int64_t now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static int64_t microseconds(struct timeval time) {
    return time.tv_sec * 1000000LL + time.tv_usec;
}

static void account(struct report *report, const struct rusage *usage) {
    report->cpu_us += microseconds(usage->ru_utime) + microseconds(usage->ru_stime);
    if (usage->ru_maxrss > report->peak_kib) report->peak_kib = usage->ru_maxrss;
}

/* Reaps what has ended; with `options` 0, waits for all. True if the program was among them. */
static int reap(struct run *run, int options) {
    struct rusage usage;
    int status, ended = 0;
    pid_t pid;
    while ((pid = wait4(-1, &status, options, &usage)) > 0) {
        account(&run->report, &usage);
        if (pid == run->program) run->report.status = status, ended = 1;
    }
    return ended;
}

/* The first limit counts, and the kernel may have enforced the memory limit before this one. */
static void stop(struct run *run, enum stop by) {
    if (!run->report.stopped_by) run->report.stopped_by = out_of_memory() ? BY_MEMORY : by;
    kill(-1, SIGKILL);
    run->wall_ends = run->look_at_cpu = run->look_at_memory = NEVER;
}

/* How soon that much CPU time can be used up at the earliest. The C library reads /proc/stat for it. */
static int64_t share_of_cpu(int64_t left) {
    return left / sysconf(_SC_NPROCESSORS_ONLN);
}

static void begin_limits(struct run *run) {
    const struct head *head = &run->stage->head;
    run->wall_ends = run->begun + (int64_t)head->wall_us;
    run->look_at_cpu = head->cpu_us ? run->begun + share_of_cpu((int64_t)head->cpu_us) : NEVER;
    int looks = head->memory_bytes || peak_must_be_seen();
    run->look_at_memory = looks ? run->begun + BETWEEN_MEMORY_LOOKS_US : NEVER;
}

/* Looks again when the limit could be reached at the earliest, with every CPU in use. */
static void look_at_cpu(struct run *run, int64_t now) {
    int64_t left = (int64_t)run->stage->head.cpu_us - cpu_used_us(run->report.cpu_us);
    int64_t wait = share_of_cpu(left);
    run->look_at_cpu = now + (wait > BETWEEN_CPU_LOOKS_US ? wait : BETWEEN_CPU_LOOKS_US);
    if (left <= 0) stop(run, BY_CPU);
}

static void look_at_memory(struct run *run, int64_t now) {
    int64_t limit = (int64_t)run->stage->head.memory_bytes, used = memory_used_bytes();
    run->look_at_memory = now + BETWEEN_MEMORY_LOOKS_US;
    if (limit && used > limit) stop(run, BY_MEMORY);
}

static void hold_limits(struct run *run) {
    int64_t now = now_us();
    if (now >= run->look_at_memory) look_at_memory(run, now);
    if (now >= run->look_at_cpu) look_at_cpu(run, now);
    if (now >= run->wall_ends) stop(run, BY_WALL);
}

static int milliseconds_until_next_look(const struct run *run) {
    int64_t next = run->wall_ends;
    if (run->look_at_cpu < next) next = run->look_at_cpu;
    if (run->look_at_memory < next) next = run->look_at_memory;
    if (next == NEVER) return -1;
    int64_t left = next - now_us();
    return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)((left + 999) / 1000);
}

static void wait_for_children_or_service(struct run *run) {
    struct pollfd sources[] = {{control, POLLIN, 0}, {children, POLLIN, 0}};
    poll(sources, 2, milliseconds_until_next_look(run));
    if (sources[1].revents) {
        struct signalfd_siginfo ignored;
        if (read(children, &ignored, sizeof ignored) < 0 && errno != EAGAIN) _exit(1);
    }
    if (sources[0].revents && asked_to_kill()) stop(run, BY_SERVICE);
}

/* RLIMIT_CPU of one process may act before the look at the sum of all. */
static int used_up_cpu(const struct run *run) {
    int status = run->report.status, number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return run->stage->head.cpu_us && (number == SIGXCPU || number == SIGKILL) &&
           run->report.cpu_us >= (int64_t)run->stage->head.cpu_us;
}

/* The limit that ended a program which init did not stop. */
static enum stop limit_at_the_end(const struct run *run) {
    if (run->report.status && out_of_memory()) return BY_MEMORY;
    return used_up_cpu(run) ? BY_CPU : NOT_STOPPED;
}

/* The control group's peak is what the limit is about; that of a process includes the pages of the
 * runtime's files. The container's limit is a little above that of the stage.
 */
static void measure(struct report *report, int64_t peak_max_kib) {
    int64_t cpu_us = cpu_used_us(report->cpu_us), peak_kib = memory_peak_kib();
    if (cpu_us > report->cpu_us) report->cpu_us = cpu_us;
    if (peak_kib) report->peak_kib = peak_kib;
    if (peak_max_kib && report->peak_kib > peak_max_kib) report->peak_kib = peak_max_kib;
}

void run_stage(struct stage *stage) {
    struct run run = {.stage = stage, .report = {.kind = DONE}};
    errno = ENOENT;
    if (!begin_usage((int64_t)stage->head.memory_bytes)) fail(MEASURE);
    run.begun = now_us();
    begin_limits(&run);
    run.program = stage->task ? hand_over(stage) : start_program(stage);
    say((struct report){.kind = STARTED});
    while (!reap(&run, WNOHANG)) {
        wait_for_children_or_service(&run);
        hold_limits(&run);
    }
    run.report.wall_us = now_us() - run.begun;
    /* No fork escapes this: a fork with a pending SIGKILL does not complete. */
    kill(-1, SIGKILL);
    reap(&run, 0);
    if (stage->task && run.report.stopped_by != BY_WALL) expect_task_taken();
    measure(&run.report, stage->peak_max_kib);
    if (!run.report.stopped_by) run.report.stopped_by = limit_at_the_end(&run);
    say(run.report);
}
