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

#include "launch.h"

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

/* Reap whatever ended; with `options` 0, wait for all there are. True if the program was among. */
static int reap(pid_t program, int options, struct report *report) {
    struct rusage usage;
    int status, ended = 0;
    pid_t pid;
    while ((pid = wait4(-1, &status, options, &usage)) > 0) {
        account(report, &usage);
        if (pid == program) report->status = status, ended = 1;
    }
    return ended;
}

static void wait_for_children_or_service(int64_t deadline) {
    int64_t left_ms = (deadline - now_us() + 999) / 1000;
    struct pollfd sources[] = {{control, POLLIN, 0}, {children, POLLIN, 0}};
    poll(sources, 2, left_ms < 0 ? 0 : left_ms > INT32_MAX ? -1 : (int)left_ms);
    if (sources[1].revents) {
        struct signalfd_siginfo ignored;
        if (read(children, &ignored, sizeof ignored) < 0 && errno != EAGAIN) _exit(1);
    }
    if (sources[0].revents && asked_to_kill()) kill(-1, SIGKILL);
}

void run_stage(const struct stage *stage) {
    struct report report = {.kind = DONE};
    int64_t begun = now_us(), deadline = begun + (int64_t)stage->wall_us;
    pid_t program = start_program(stage);
    say((struct report){.kind = STARTED});
    while (!reap(program, WNOHANG, &report)) {
        if (now_us() >= deadline) {
            report.timed_out = 1;
            kill(-1, SIGKILL);
            deadline = INT64_MAX - 1000;
        }
        wait_for_children_or_service(deadline);
    }
    report.wall_us = now_us() - begun;
    /* The kernel lets no fork slip past this: one with a pending SIGKILL does not complete. */
    kill(-1, SIGKILL);
    reap(0, 0, &report);
    say(report);
}
