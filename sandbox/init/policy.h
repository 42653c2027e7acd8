/* The system calls that a program may make: those listed, less what `refused` and `rules` take
 * away. All others fail as if the kernel did not have them (ENOSYS), which libraries expect; that
 * includes calls newer than this list and calls of other ABIs. Namespaces, no network, no
 * capabilities and no_new_privs do the rest.
 */
#ifndef PODLINE_POLICY_H
#define PODLINE_POLICY_H

#include <errno.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Newer than some headers. From 424 on, a call has the same number on every architecture. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack 453
#endif
#ifndef SYS_futex_wake
#define SYS_futex_wake 454
#define SYS_futex_wait 455
#define SYS_futex_requeue 456
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

static const int allowed[] = {
    /* files */
    SYS_read, SYS_write, SYS_close, SYS_fstat, SYS_lseek, SYS_ioctl, SYS_pread64, SYS_pwrite64,
    SYS_readv, SYS_writev, SYS_dup, SYS_fcntl, SYS_flock, SYS_truncate, SYS_ftruncate, SYS_getcwd,
    SYS_chdir, SYS_fchdir, SYS_fchmod, SYS_fchown, SYS_umask, SYS_statfs, SYS_fstatfs,
    SYS_sendfile, SYS_readahead, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_getxattr,
    SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr, SYS_llistxattr, SYS_flistxattr, SYS_removexattr,
    SYS_lremovexattr, SYS_fremovexattr, SYS_getdents64, SYS_fadvise64, SYS_openat, SYS_mkdirat,
    SYS_mknodat, SYS_fchownat, SYS_newfstatat, SYS_unlinkat, SYS_renameat, SYS_linkat,
    SYS_symlinkat, SYS_readlinkat, SYS_fchmodat, SYS_faccessat, SYS_splice, SYS_tee,
    SYS_utimensat, SYS_fallocate, SYS_dup3, SYS_pipe2, SYS_preadv, SYS_pwritev, SYS_renameat2,
    SYS_copy_file_range, SYS_preadv2, SYS_pwritev2, SYS_statx, SYS_close_range, SYS_openat2,
    SYS_faccessat2, SYS_fchmodat2, SYS_inotify_init1, SYS_inotify_add_watch,
    SYS_inotify_rm_watch,

    /* waiting and messages */
    SYS_pselect6, SYS_ppoll, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2,
    SYS_eventfd2, SYS_signalfd4, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime,
    SYS_socket, SYS_connect, SYS_accept, SYS_accept4, SYS_sendto, SYS_recvfrom, SYS_sendmsg,
    SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg, SYS_shutdown, SYS_bind, SYS_listen, SYS_getsockname,
    SYS_getpeername, SYS_socketpair, SYS_setsockopt, SYS_getsockopt, SYS_shmget, SYS_shmat,
    SYS_shmctl, SYS_shmdt, SYS_semget, SYS_semop, SYS_semtimedop, SYS_semctl, SYS_msgget,
    SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink, SYS_mq_timedsend,
    SYS_mq_timedreceive, SYS_mq_notify, SYS_mq_getsetattr,

    /* memory */
    SYS_mmap, SYS_mprotect, SYS_munmap, SYS_brk, SYS_mremap, SYS_msync, SYS_mincore, SYS_madvise,
    SYS_mlock, SYS_munlock, SYS_mlockall, SYS_munlockall, SYS_mlock2, SYS_remap_file_pages,
    SYS_memfd_create, SYS_pkey_mprotect, SYS_pkey_alloc, SYS_pkey_free, SYS_map_shadow_stack,
    SYS_mseal, SYS_get_mempolicy, SYS_membarrier,

    /* processes and threads */
    SYS_clone, SYS_execve, SYS_execveat, SYS_exit, SYS_exit_group, SYS_wait4, SYS_waitid, SYS_kill,
    SYS_tkill, SYS_tgkill, SYS_pidfd_open, SYS_pidfd_send_signal, SYS_getpid, SYS_getppid,
    SYS_gettid, SYS_setpgid, SYS_getpgid, SYS_setsid, SYS_getsid, SYS_prctl, SYS_personality,
    SYS_set_tid_address, SYS_set_robust_list, SYS_get_robust_list, SYS_futex, SYS_futex_waitv,
    SYS_futex_wake, SYS_futex_wait, SYS_futex_requeue, SYS_rseq, SYS_restart_syscall,
    SYS_sched_yield, SYS_sched_setparam, SYS_sched_getparam, SYS_sched_setscheduler,
    SYS_sched_getscheduler, SYS_sched_get_priority_max, SYS_sched_get_priority_min,
    SYS_sched_rr_get_interval, SYS_sched_setaffinity, SYS_sched_getaffinity, SYS_sched_setattr,
    SYS_sched_getattr, SYS_getpriority, SYS_setpriority, SYS_ioprio_set, SYS_ioprio_get,
    SYS_getrlimit, SYS_setrlimit, SYS_prlimit64, SYS_getrusage, SYS_getcpu, SYS_seccomp,
    SYS_landlock_create_ruleset, SYS_landlock_add_rule, SYS_landlock_restrict_self,

    /* signals and time */
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigtimedwait,
    SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_rt_sigsuspend, SYS_sigaltstack, SYS_getitimer,
    SYS_setitimer, SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime, SYS_clock_getres,
    SYS_gettimeofday, SYS_times, SYS_timer_create, SYS_timer_settime, SYS_timer_gettime,
    SYS_timer_getoverrun, SYS_timer_delete,

    /* who and where it is */
    SYS_getuid, SYS_getgid, SYS_geteuid, SYS_getegid, SYS_setuid, SYS_setgid, SYS_setreuid,
    SYS_setregid, SYS_getgroups, SYS_setgroups, SYS_setresuid, SYS_getresuid, SYS_setresgid,
    SYS_getresgid, SYS_setfsuid, SYS_setfsgid, SYS_capget, SYS_capset, SYS_uname, SYS_sysinfo,
    SYS_getrandom,

#ifdef __x86_64__ /* calls that newer architectures never had */
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_pipe, SYS_dup2, SYS_getdents, SYS_rename,
    SYS_mkdir, SYS_rmdir, SYS_creat, SYS_link, SYS_unlink, SYS_symlink, SYS_readlink, SYS_chmod,
    SYS_chown, SYS_lchown, SYS_utime, SYS_mknod, SYS_ustat, SYS_utimes, SYS_futimesat,
    SYS_inotify_init, SYS_poll, SYS_select, SYS_epoll_create, SYS_epoll_wait, SYS_eventfd,
    SYS_signalfd, SYS_fork, SYS_vfork, SYS_getpgrp, SYS_arch_prctl, SYS_pause, SYS_alarm, SYS_time,
#endif
};

/* EPERM instead of ENOSYS, since programs that check for it know what it means. */
static const int refused[] = {
    /* other processes */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd,

    /* namespaces and mounts */
    SYS_unshare, SYS_setns, SYS_chroot, SYS_pivot_root, SYS_mount, SYS_umount2, SYS_open_tree,
    SYS_open_tree_attr, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
    SYS_mount_setattr, SYS_name_to_handle_at, SYS_open_by_handle_at,

    /* parts of the kernel that no such program needs, and that have had many holes */
    SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf, SYS_userfaultfd, SYS_perf_event_open,
    SYS_fanotify_init, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_mbind,
    SYS_migrate_pages, SYS_move_pages, SYS_quotactl, SYS_acct, SYS_syslog, SYS_kexec_load,
    SYS_kexec_file_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_swapon,
    SYS_swapoff, SYS_reboot, SYS_vhangup, SYS_sethostname, SYS_setdomainname, SYS_settimeofday,
    SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
#ifdef __x86_64__
    SYS_iopl, SYS_ioperm,
#endif
};

/* Succeed without doing anything. All that a program can write is memory, but everybody notices a
 * sync of the host's disks.
 */
static const int pretended[] = {
    SYS_sync, SYS_syncfs, SYS_fsync, SYS_fdatasync, SYS_sync_file_range,
};

/* They allocate memory outside any process's address space, which only a control group counts. */
static const int uncounted[] = {SYS_memfd_create, SYS_shmget, SYS_semget, SYS_msgget};

enum comparison { NO_MORE, IS, IS_NOT, HAS_ANY_OF };

/* Half of an argument. If the argument is an int, or has its flags in the lower half, the kernel
 * reads only that one.
 */
#define LOWER(argument) (2 * (argument))
#define UPPER(argument) (2 * (argument) + 1)

struct rule {
    int call;
    uint32_t action; /* if all conditions are true, and those of no rule before it */
    struct { enum comparison comparison; int half; uint32_t value; } conditions[4];
};

#define FAILS_WITH(error) (SECCOMP_RET_ERRNO | (error))
#define NAMESPACES 0x7E020080 /* every CLONE_NEW... */
#define BY_USER 2             /* PRIO_USER */
#define IO_BY_USER 3          /* IOPRIO_WHO_USER */
#define INIT 1                /* the pid */

static const struct rule rules[] = {
    /* init, and other processes of the same user, alone or as one of a group */
    {SYS_prlimit64, FAILS_WITH(EPERM), {{IS_NOT, LOWER(0), 0}, {IS_NOT, LOWER(2), 0}}},
    {SYS_prlimit64, FAILS_WITH(EPERM), {{IS_NOT, LOWER(0), 0}, {IS_NOT, UPPER(2), 0}}},
    {SYS_sched_setaffinity, FAILS_WITH(EPERM), {{IS, LOWER(0), INIT}}},
    {SYS_sched_setscheduler, FAILS_WITH(EPERM), {{IS, LOWER(0), INIT}}},
    {SYS_sched_setparam, FAILS_WITH(EPERM), {{IS, LOWER(0), INIT}}},
    {SYS_sched_setattr, FAILS_WITH(EPERM), {{IS, LOWER(0), INIT}}},
    {SYS_setpriority, FAILS_WITH(EPERM), {{IS, LOWER(0), BY_USER}}},
    {SYS_setpriority, FAILS_WITH(EPERM), {{IS, LOWER(1), INIT}}},
    {SYS_ioprio_set, FAILS_WITH(EPERM), {{IS, LOWER(0), IO_BY_USER}}},
    {SYS_ioprio_set, FAILS_WITH(EPERM), {{IS, LOWER(1), INIT}}},

    {SYS_clone, FAILS_WITH(EPERM), {{HAS_ANY_OF, LOWER(0), NAMESPACES}}},

    /* A core limit of 0, unlike the 1 that it has, would let a crash start the host's crash
     * handler, as root and outside. So it is not changed, whatever the program is told.
     */
    {SYS_setrlimit, FAILS_WITH(0), {{IS, LOWER(0), RLIMIT_CORE}}},
    {SYS_prlimit64, FAILS_WITH(0), {{IS, LOWER(1), RLIMIT_CORE}, {IS_NOT, LOWER(2), 0}}},
    {SYS_prlimit64, FAILS_WITH(0), {{IS, LOWER(1), RLIMIT_CORE}, {IS_NOT, UPPER(2), 0}}},

    /* TCP, UDP and, of netlink, the protocol that lists the interfaces: asking for another one can
     * have the kernel load a module.
     */
    {SYS_socket, FAILS_WITH(EAFNOSUPPORT),
     {{IS_NOT, LOWER(0), AF_UNIX}, {IS_NOT, LOWER(0), AF_INET}, {IS_NOT, LOWER(0), AF_INET6},
      {IS_NOT, LOWER(0), AF_NETLINK}}},
    {SYS_socket, FAILS_WITH(EPROTONOSUPPORT),
     {{IS, LOWER(0), AF_INET}, {IS_NOT, LOWER(2), 0}, {IS_NOT, LOWER(2), IPPROTO_TCP},
      {IS_NOT, LOWER(2), IPPROTO_UDP}}},
    {SYS_socket, FAILS_WITH(EPROTONOSUPPORT),
     {{IS, LOWER(0), AF_INET6}, {IS_NOT, LOWER(2), 0}, {IS_NOT, LOWER(2), IPPROTO_TCP},
      {IS_NOT, LOWER(2), IPPROTO_UDP}}},
    {SYS_socket, FAILS_WITH(EPROTONOSUPPORT),
     {{IS, LOWER(0), AF_NETLINK}, {IS_NOT, LOWER(2), 0}}},
};

#endif
