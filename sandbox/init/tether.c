#define _GNU_SOURCE
#include "tether.h"

#include <linux/keyctl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The signal comes when the thread that started us ends (PR_SET_PDEATHSIG(2const)); one that ended
 * before we asked for it is seen by our having another parent.
 */
int become_tethered(pid_t parent, char **command) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL)) return 1;
    if (getppid() != parent) return 1;
    /* The kernel's keys of the session are those of whoever started the service. A kernel without
     * keys has none to keep from the command.
     */
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    execve(command[0], command, environ);
    return 127;
}
