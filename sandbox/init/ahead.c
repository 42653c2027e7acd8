#define _GNU_SOURCE
#include "ahead.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"
#include "service.h"

static pid_t program;
static int its_stdin;

/* Exits if the service hangs up meanwhile, which ends the program, too. */
static void wait_for_byte(void) {
    struct pollfd sources[] = {{its_stdin, POLLIN, 0}, {control, POLLIN, 0}};
    char byte;
    while (poll(sources, 2, -1) < 0 && errno == EINTR);
    if (sources[1].revents) _exit(0);
    errno = ESRCH;
    if (recv(its_stdin, &byte, 1, 0) != 1) fail(HAND_OVER);
}

void start_ahead(struct stage *stage) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) fail(FORK);
    close(stage->streams[STDIN_FILENO]);
    stage->streams[STDIN_FILENO] = ends[1];
    its_stdin = ends[0];
    program = start_program(stage);
    wait_for_byte();
    say((struct report){.kind = STARTED});
    wait_for_byte();
    say((struct report){.kind = READY});
}

pid_t hand_over(struct stage *stage) {
    siginfo_t ended = {0};
    for (int stream = 0; stream < STREAMS; stream++) close(stage->streams[stream]);
    int known = program && !waitid(P_PID, program, &ended, WEXITED | WNOHANG | WNOWAIT);
    errno = ESRCH;
    if (!known || ended.si_pid) fail(HAND_OVER);
    for (int i = 0; i < stage->limit_count; i++)
        if (prlimit(program, stage->limits[i].resource, &stage->limits[i].limit, NULL)) fail(HAND_OVER);
    /* What does not fit at once would have init wait for the program. */
    if (send(its_stdin, stage->task, stage->task_bytes, MSG_DONTWAIT) != stage->task_bytes) fail(HAND_OVER);
    shutdown(its_stdin, SHUT_WR);
    pid_t started = program;
    program = 0;
    return started;
}

/* A socket whose other end was closed with something unread has this error (unix_release_sock in
 * Linux's net/unix/af_unix.c).
 */
void expect_task_taken(void) {
    int error;
    socklen_t bytes = sizeof error;
    if (getsockopt(its_stdin, SOL_SOCKET, SO_ERROR, &error, &bytes)) error = errno;
    close(its_stdin);
    errno = error;
    if (error) fail(HAND_OVER);
}
