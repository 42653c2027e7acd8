#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "seccomp.h"

/* The service may have been started with some ignored, as nohup does. */
static void forget_signal_settings(void) {
    sigset_t none;
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Why a program did not start; sent by the process that should have become it. */
struct failure {
    enum step step;
    int error;
};

/* Errors of execve(2) about the program. Others are about the machine. */
static int is_about_the_file(int error) {
    return error != EAGAIN && error != ENOMEM && error != ENFILE && error != EMFILE &&
           error != E2BIG;
}

/* Returns only if that failed. */
static enum step execute(struct stage *stage) {
    for (int i = 0; i < stage->path_count; i++) {
        stage->argv[0] = stage->paths[i];
        if (access(stage->paths[i], F_OK) == 0) break;
    }
    execve(stage->argv[0], stage->argv, stage->envp);
    int compiled = !strcmp(stage->argv[0], PROGRAM);
    return compiled && is_about_the_file(errno) ? START_PROGRAM : EXECUTE;
}

static void become_program(struct stage *stage, int launch) {
    struct failure failure = {.step = EXECUTE};
    forget_signal_settings();
    setsid();
    if (stage->merged) stage->streams[STDERR_FILENO] = stage->streams[STDOUT_FILENO];
    for (int stream = 0; stream < STREAMS; stream++)
        if (dup2(stage->streams[stream], stream) < 0) goto failed;
    for (int i = 0; i < stage->limit_count; i++)
        if (setrlimit(stage->limits[i].resource, &stage->limits[i].limit)) goto failed;
    if (filter_system_calls(!stage->uncounted_memory)) goto failed;
    failure.step = execute(stage);
failed:
    failure.error = errno;
    _exit(write(launch, &failure, sizeof failure) == sizeof failure ? 127 : 126);
}

pid_t start_program(struct stage *stage) {
    int launch[2];
    struct failure failure;
    if (pipe2(launch, O_CLOEXEC)) fail(FORK);
    pid_t program = fork();
    if (program < 0) fail(FORK);
    if (program == 0) become_program(stage, launch[1]);
    close(launch[1]);
    for (int stream = 0; stream < STREAMS; stream++) close(stage->streams[stream]);
    if (read(launch[0], &failure, sizeof failure) == sizeof failure) {
        errno = failure.error;
        fail(failure.step);
    }
    close(launch[0]);
    return program;
}
