/* Random system calls, for some seconds:  fuzz SEED SECONDS
 *
 * Each child makes calls until one of them ends or blocks it for too long; then the next one starts,
 * with a seed of its own. Left out are only the calls that do nothing but end the caller.
 * Arguments are drawn from numbers that mean something to some call: descriptors, small flags, sizes,
 * process ids, and places in a block of memory that holds paths and structures of earlier calls.
 *
 * The parent counts, and prints the count after each child: they have its uid, so a `kill(-1, ...)`
 * or `tkill(2, ...)` of theirs reaches it. It takes no signal but SIGKILL and SIGSTOP, which nobody
 * can refuse: a run that one of these ends says how far it came.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS_OF_A_CHILD 2000
#define CALLS_KNOWN 480 /* and some beyond */
#define X32 0x40000000

static uint64_t state;
static struct { long calls, children, done; } *count;
static char *block;

static uint64_t draw(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

static long path(void) {
    static const char *paths[] = {"/", ".", "..", "/proc/1/mem", "/proc/self/mem", "/proc/self/ns/user",
                                  "/usr/bin/env", "/dev/zero", "/tmp/x", "./x", "/proc/self/fd/1",
                                  "/dev/shm/x", "/proc/sys/kernel/hostname", "tmpfs", ""};
    return (long)paths[draw() % (sizeof paths / sizeof *paths)];
}

static long argument(void) {
    switch (draw() % 12) {
    case 0: return (long)(draw() % 8);
    case 1: return (long)(draw() % 64);
    case 2: return 1L << draw() % 48;
    case 3: return -(long)(draw() % 8);
    case 4: return (long)draw();
    case 5: return path();
    case 6: return (long)(1 + draw() % 3); /* init, and streams */
    case 7: return 0x7E020000L & (long)draw();
    case 8: return 4096L * (long)(draw() % 16);
    default: return (long)(block + draw() % 4000);
    }
}

static int only_ends_the_caller(long number) {
    return number == SYS_exit || number == SYS_exit_group || number == SYS_rt_sigreturn ||
           number == SYS_pause || number == SYS_rt_sigsuspend;
}

static void fill_block(void) {
    for (int i = 0; i < 4096; i += 8) *(uint64_t *)(block + i) = draw() >> draw() % 64;
}

static void make_calls(void) {
    open("/usr/bin/env", O_RDONLY), open("/tmp/x", O_RDWR | O_CREAT, 0600);
    socket(AF_UNIX, SOCK_STREAM, 0), socket(AF_INET, SOCK_DGRAM, 0), socket(AF_NETLINK, SOCK_RAW, 0);
    for (int i = 0; i < CALLS_OF_A_CHILD; i++) {
        long number = (long)(draw() % (CALLS_KNOWN + 20));
        if (draw() % 50 == 0) number |= X32;
        if (only_ends_the_caller(number)) continue;
        if (i % 16 == 0) fill_block();
        alarm(1);
        pid_t before = getpid();
        long result = syscall(number, argument(), argument(), argument(), argument(), argument(), argument());
        if (getpid() != before) _exit(0); /* one that was forked; there are enough */
        count->calls++;
        count->done += result >= 0;
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    uint64_t seed = strtoull(argv[1], 0, 10);
    time_t end = time(0) + atoi(argv[2]);
    count = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    /* With nothing for a long way around it: what is written past its end reaches no counts. */
    block = (char *)mmap(0, 64 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + (32 << 20);
    mprotect(block, 8192, PROT_READ | PROT_WRITE);
    int silent = open("/dev/null", O_RDWR), stdout_of_ours = dup(1);
    sigset_t all_signals;
    sigfillset(&all_signals);
    sigprocmask(SIG_BLOCK, &all_signals, 0);
    for (; time(0) < end; count->children++) {
        state = ((seed << 20) + (uint64_t)count->children) * 0x9E3779B97F4A7C15u | 1;
        pid_t child = fork();
        if (child == 0) {
            setpgid(0, 0);
            for (int stream = 0; stream < 3; stream++) dup2(silent, stream);
            close(stdout_of_ours);
            sigprocmask(SIG_UNBLOCK, &all_signals, 0);
            make_calls();
            _exit(0);
        }
        struct timespec pause = {0, 1000000};
        for (int waited = 0; child > 0 && waitpid(child, 0, WNOHANG) == 0; waited++) {
            if (waited == 300) kill(-child, SIGKILL), kill(child, SIGKILL);
            nanosleep(&pause, 0);
        }
        kill(-child, SIGKILL);
        while (waitpid(-1, 0, WNOHANG) > 0) continue;
        dprintf(stdout_of_ours, "%ld calls by %ld children, %ld done\n", count->calls, count->children + 1, count->done);
    }
    return 0;
}
