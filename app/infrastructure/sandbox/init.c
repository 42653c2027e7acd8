/* Pid 1 of a jail: runs one stage after the other and reports exactly how each ended.
 *
 *     init CONTROL       CONTROL is the number of an inherited stream socket
 *     init               exits with PROTOCOL, so that a stale build is noticed
 *
 * The service sends a stage over CONTROL (see `struct head`), with the program's three streams as
 * SCM_RIGHTS; init, which said READY once, answers with `struct report`s: STARTED and DONE, or
 * FAILED. After DONE none of the stage's processes runs any more; the next stage may be sent. A byte sent while a stage
 * runs has it killed. When CONTROL closes, init exits, and the kernel kills all that is left.
 *
 * The program runs under the same uid and must not be able to touch any of this: init is
 * undumpable, so /proc/1, ptrace and pidfd_getfd are refused to it; as pid 1 with default
 * dispositions it can't be signalled from inside its pid namespace; and CONTROL is closed before
 * the program starts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROTOCOL 2 /* raised with every change of what is said over CONTROL */
#define WORK "/box/work"
#define STREAMS 3
#define BODY_MAX (4u << 20)
#define RECORDS_MAX 256 /* of each kind; the service's own maxima are far below */

enum kind { READY = 1, STARTED = 2, DONE = 3, FAILED = 4 };
enum step { RECEIVE = 1, WRITE_FILES = 2, FORK = 3, EXECUTE = 4 };

/* A stage is a head and a body of records: a tag, a little-endian length, that many bytes and one
 * NUL, so that strings are used where they lie.
 *
 *     F  path NUL content    a file of the working folder; its folders are made
 *     A  text                an argument; the first one is the program's path
 *     E  NAME=value          a variable of the environment
 *     R  resource, soft, hard   a resource limit, as 64-bit numbers
 */
struct head {
    uint64_t wall_us;
    uint64_t body_bytes;
};

struct report {
    int32_t kind;
    int32_t step;   /* FAILED: where */
    int32_t status; /* DONE: the raw wait status; FAILED: errno */
    int32_t timed_out;
    int64_t wall_us;
    int64_t cpu_us;   /* of every process that was reaped */
    int64_t peak_kib; /* of the largest process */
};

struct record {
    char tag;
    uint32_t length;
    char *content;
};

struct stage {
    int streams[STREAMS];
    uint64_t wall_us;
    char *argv[RECORDS_MAX + 1];
    char *envp[RECORDS_MAX + 1];
    struct { int resource; struct rlimit limit; } limits[RECORDS_MAX];
    int args, variables, limit_count;
};

static int control, children;

static void say(struct report report) {
    if (send(control, &report, sizeof report, MSG_NOSIGNAL) != sizeof report) _exit(1);
}

static void fail(enum step step) {
    say((struct report){.kind = FAILED, .step = step, .status = errno});
    _exit(1);
}

static int64_t now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static int64_t microseconds(struct timeval time) {
    return time.tv_sec * 1000000LL + time.tv_usec;
}

/* Receiving a stage */

static void read_fully(char *into, size_t bytes) {
    while (bytes) {
        ssize_t got = read(control, into, bytes);
        if (got == 0) _exit(0);
        if (got < 0 && errno != EINTR) fail(RECEIVE);
        if (got > 0) into += got, bytes -= got;
    }
}

/* The head, which carries the streams. Exits if the service closed the socket. */
static struct head receive_head(int streams[STREAMS]) {
    struct head head;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * STREAMS)];
    } ancillary = {0};
    struct iovec part = {&head, sizeof head};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
                             .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
    ssize_t got = recvmsg(control, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    if (got == 0) _exit(0);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    errno = EPROTO;
    if (got != sizeof head || !rights || rights->cmsg_type != SCM_RIGHTS ||
        rights->cmsg_len != CMSG_LEN(sizeof(int) * STREAMS) || head.body_bytes > BODY_MAX)
        fail(RECEIVE);
    memcpy(streams, CMSG_DATA(rights), sizeof(int) * STREAMS);
    return head;
}

static char *next_record(char *at, char *end, struct record *record) {
    const size_t prefix = 1 + sizeof record->length;
    errno = EPROTO;
    if ((size_t)(end - at) < prefix + 1) fail(RECEIVE);
    record->tag = *at;
    memcpy(&record->length, at + 1, sizeof record->length);
    record->content = at + prefix;
    if (record->length > (size_t)(end - record->content) - 1) fail(RECEIVE);
    if (record->content[record->length] != '\0') fail(RECEIVE);
    return record->content + record->length + 1;
}

static void make_folders_of(char *path) {
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) && errno != EEXIST) fail(WRITE_FILES);
        *slash = '/';
    }
}

/* No program has run yet when files come, so there is no link that could be followed. */
static void write_file(struct record record) {
    char *path = record.content, *content = path + strlen(path) + 1;
    char *end = record.content + record.length;
    errno = EPROTO;
    if (content > end) fail(WRITE_FILES);
    make_folders_of(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0) fail(WRITE_FILES);
    while (content < end) {
        ssize_t written = write(file, content, end - content);
        if (written < 0) fail(WRITE_FILES);
        content += written;
    }
    close(file);
}

static void take_record(struct stage *stage, struct record record) {
    uint64_t limit[3];
    errno = E2BIG;
    switch (record.tag) {
    case 'F':
        write_file(record);
        return;
    case 'A':
        if (stage->args == RECORDS_MAX) fail(RECEIVE);
        stage->argv[stage->args++] = record.content;
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
    default:
        errno = EPROTO;
        fail(RECEIVE);
    }
}

/* Returns the body, in which the stage's strings lie. */
static char *receive_stage(struct stage *stage) {
    memset(stage, 0, sizeof *stage);
    struct head head = receive_head(stage->streams);
    char *body = malloc(head.body_bytes);
    if (!body) fail(RECEIVE);
    read_fully(body, head.body_bytes);
    stage->wall_us = head.wall_us;
    struct record record;
    for (char *at = body, *end = body + head.body_bytes; at < end;) {
        at = next_record(at, end, &record);
        take_record(stage, record);
    }
    errno = EPROTO;
    if (!stage->args) fail(RECEIVE);
    return body;
}

/* Running it */

static void become_program(const struct stage *stage, int launch) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    for (int stream = 0; stream < STREAMS; stream++)
        if (dup2(stage->streams[stream], stream) < 0) goto failed;
    for (int i = 0; i < stage->limit_count; i++)
        if (setrlimit(stage->limits[i].resource, &stage->limits[i].limit)) goto failed;
    execve(stage->argv[0], stage->argv, stage->envp);
failed:;
    int error = errno;
    _exit(write(launch, &error, sizeof error) == sizeof error ? 127 : 126);
}

static pid_t start_program(const struct stage *stage) {
    int launch[2], error;
    if (pipe2(launch, O_CLOEXEC)) fail(FORK);
    pid_t program = fork();
    if (program < 0) fail(FORK);
    if (program == 0) become_program(stage, launch[1]);
    close(launch[1]);
    for (int stream = 0; stream < STREAMS; stream++) close(stage->streams[stream]);
    if (read(launch[0], &error, sizeof error) == sizeof error) {
        errno = error;
        fail(EXECUTE);
    }
    close(launch[0]);
    return program;
}

/* The service asked for the end of the stage, or is gone. */
static void hear_service(void) {
    char request;
    if (recv(control, &request, 1, 0) != 1) _exit(0);
    kill(-1, SIGKILL);
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
    if (sources[0].revents) hear_service();
}

static void run_stage(const struct stage *stage) {
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

/* Once */

static void become_untouchable(void) {
    prctl(PR_SET_DUMPABLE, 0);
    fcntl(control, F_SETFD, FD_CLOEXEC);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (children < 0) fail(FORK);
}

/* One file system holds all that a program may write, so one size limits it. */
static void lay_out_box(void) {
    umask(0);
    if (mkdir("/box/tmp", 01777) || mkdir("/box/shm", 01777) || mkdir(WORK, 0755)) fail(WRITE_FILES);
    umask(022);
    if (chdir(WORK)) fail(WRITE_FILES);
}

int main(int argc, char **argv) {
    static struct stage stage;
    if (argc != 2) return PROTOCOL;
    control = atoi(argv[1]);
    become_untouchable();
    lay_out_box();
    say((struct report){.kind = READY});
    for (;;) {
        char *body = receive_stage(&stage);
        run_stage(&stage);
        free(body);
    }
}
