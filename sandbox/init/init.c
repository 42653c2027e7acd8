/* Pid 1 of a jail or a pod: runs one stage after another and reports exactly how each ended.
 *
 *     init SUPPLY             SUPPLY is the number of an inherited socket, over which the service
 *                             sends a stream socket, CONTROL, to each init that asks there
 *     init /CHANNEL           in a pod: CONTROL is one of the FIFOs in this folder, and the
 *                             collector is the service
 *     init PARENT COMMAND...  becomes COMMAND, which is killed when the process PARENT ends
 *     init cover FOLDER OVER COMMAND...   becomes COMMAND, which sees FOLDER in place of OVER
 *     init                    exits with PROTOCOL, so that an outdated build is noticed
 *
 * The service sends a stage over CONTROL (see protocol.h), with the program's three streams as
 * SCM_RIGHTS; in a pod two of them are FIFOs, too. init sends READY once,
 * and then `struct report`s for each stage: STARTED and DONE, or FAILED. After DONE, none of the
 * stage's processes is left, and the next stage may be sent. A byte sent while a stage runs has
 * init kill it. Instead of another stage, the service may ask for what a stage made or left in
 * the working folder, which is sent over stdout. When CONTROL closes, init exits, and the kernel kills everything that is left.
 *
 * The program runs under the same uid and must not be able to touch any of this: init is
 * undumpable, so /proc/1, ptrace and pidfd_getfd are refused to it; as pid 1 with default
 * dispositions, it can't be signalled from inside its pid namespace; and CONTROL is closed before
 * the program starts.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ahead.h"
#include "box.h"
#include "collect.h"
#include "cover.h"
#include "run.h"
#include "service.h"
#include "stage.h"
#include "tether.h"
#include "usage.h"

static void meet_service_in_pod(const char *channel) {
    if (getpid() != 1) _exit(1); /* it kills everything that it can reach */
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
    meet_service_in(channel);
    open_usage();
}

int main(int argc, char **argv) {
    static struct stage stage;
    if (argc < 2) return PROTOCOL;
    if (argc > 4 && !strcmp(argv[1], "cover")) return become_covered(argv[2], argv[3], argv + 4);
    if (argc > 2) return become_tethered(atoi(argv[1]), argv + 2);
    prctl(PR_SET_DUMPABLE, 0);
    if (argv[1][0] == '/') meet_service_in_pod(argv[1]);
    else meet_service_at(atoi(argv[1]));
    hear_of_children();
    lay_out_box();
    say((struct report){.kind = READY});
    for (;;) {
        char *body = receive_stage(&stage);
        if (stage.collects) collect(&stage);
        else if (stage.lists) list_work(&stage);
        else if (stage.wanted_count) send_wanted(&stage);
        else if (stage.starts_ahead) start_ahead(&stage);
        else run_stage(&stage);
        free(body);
    }
}
