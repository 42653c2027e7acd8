// Loads modules and kernels, and switches off the machine.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(SYS_init_module, "", 0, "") >= 0;
    open += syscall(SYS_finit_module, 0, "", 0) >= 0;
    open += syscall(SYS_delete_module, "ext4", 0) >= 0;
    open += syscall(SYS_kexec_load, 0, 0, 0, 0) >= 0;
    open += syscall(SYS_reboot, 0xfee1dead, 672274793, 0, 0) >= 0;
    open += syscall(SYS_swapon, "/box/work", 0) >= 0;
    open += syscall(SYS_acct, "log") >= 0;
    puts(open ? "ESCAPED" : "held");
}
