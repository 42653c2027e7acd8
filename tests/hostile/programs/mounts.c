// Mounts file systems, by the old calls and by the new ones.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += mount("none", "/tmp", "tmpfs", 0, 0) >= 0;
    open += mount("/", "/box/work", 0, MS_BIND | MS_REC, 0) >= 0;
    open += mount(0, "/usr", 0, MS_REMOUNT | MS_BIND, 0) >= 0;
    open += umount2("/proc", MNT_DETACH) >= 0;
    open += syscall(SYS_fsopen, "tmpfs", 0) >= 0;
    open += syscall(SYS_open_tree, AT_FDCWD, "/", 1) >= 0;
    open += syscall(SYS_fspick, AT_FDCWD, "/usr", 0) >= 0;
    open += syscall(467, AT_FDCWD, "/", 1, 0, 0) >= 0;
    open += syscall(SYS_move_mount, AT_FDCWD, "/usr", AT_FDCWD, "/tmp", 0) >= 0;
    open += syscall(SYS_mount_setattr, AT_FDCWD, "/usr", 0, 0, 0) >= 0;
    puts(open ? "ESCAPED" : "held");
}
