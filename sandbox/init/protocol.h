/* Messages to and from init. protocol.py is the same in Python. */
#ifndef PODLINE_PROTOCOL_H
#define PODLINE_PROTOCOL_H

#include <stdint.h>

#define PROTOCOL 16 /* raised with every change of the messages */
#define BODY_MAX (24u << 20) /* the largest input, output and answer for a checker, and some more */
#define PROGRAM "/box/program" /* what a compile stage makes and the run stage starts */

enum kind { READY = 1, STARTED = 2, DONE = 3, FAILED = 4 };
/* START_PROGRAM: the file at PROGRAM is missing, or the kernel can't start it. */
enum step {
    RECEIVE = 1, WRITE_FILES = 2, FORK = 3, EXECUTE = 4, MEASURE = 5, START_PROGRAM = 6, COLLECT = 7,
    HAND_OVER = 8,
};
/* In a pod, what CONTROL carries: one byte, and a stage after STAGE. KILL may come late: it is about
 * the stage that runs, and means nothing after its end.
 */
#define STAGE 's'
#define KILL 'k'
enum stop { NOT_STOPPED = 0, BY_WALL = 1, BY_CPU = 2, BY_MEMORY = 3, BY_SERVICE = 4 };

/* A stage is a head and a body of records: a tag, a little-endian length, that many bytes and one
 * NUL, so that strings can be used in place.
 *
 *     F  path NUL content    a file in the working folder; its folders are created
 *     A  text                an argument; the first is the program's path
 *     X  path                to use instead; of several, the first that exists
 *     E  NAME=value          a variable of the environment
 *     R  resource, soft, hard   a resource limit, as 64-bit numbers
 *     U                         refuse calls that allocate memory which nobody counts
 *     M                         stderr is stdout: both share one pipe
 *     P  number              cap for the reported peak of memory in KiB, as 64 bits
 *     I  content             stdin, if it is not passed as a descriptor
 *     L  path                where PROGRAM is instead: it becomes a link to this
 *     N                         the program is started ahead: it learns its task later
 *     H  content                no program, but the task of the one that was started ahead
 *     B                      remove first what other stages left outside of processes; in a pod
 *     C                      run nothing: send what is at PROGRAM to stdout, as `struct entry`s
 *     W                      run nothing: send what is in the working folder, without content
 *     G  path                run nothing: send this file of the working folder; may be repeated
 */
struct head {
    uint64_t wall_us;
    uint64_t cpu_us;       /* of all processes; 0 if init does not enforce it */
    uint64_t memory_bytes; /* likewise */
    uint64_t body_bytes;
};

/* A program that is started ahead has a socket as its stdin. It writes a byte there once it has
 * started, which is reported as STARTED, and another once it can take its task, which is reported as
 * READY. In a stage with H, init writes the content there, followed by its end, and then the stage is
 * like any other: its time begins there, and its limits are set. If the program ends before it has
 * read that, and not by the wall limit, the stage FAILED in HAND_OVER.
 */

/* Each is followed by its path, and by a file's content unless W asked for it. After C, paths begin
 * with `program`. OTHER is neither a file nor a folder, or can't be opened; only W and G send it.
 * END says with a `content_bytes` of 1 that W did not look at everything.
 */
enum entry_kind { END = 0, FOLDER = 1, PLAIN_FILE = 2, EXECUTABLE = 3, OTHER = 4 };
struct entry {
    uint32_t kind;
    uint32_t path_bytes;
    uint64_t content_bytes;
};

struct report {
    int32_t kind;
    int32_t step;   /* FAILED: where */
    int32_t status; /* DONE: the raw wait status; FAILED: errno */
    int32_t stopped_by; /* an enum stop: the limit that was enforced first */
    int64_t wall_us;
    int64_t cpu_us;   /* of the container; in a jail, of every process that was reaped */
    int64_t peak_kib; /* of the container; in a jail or without a control group, of the largest process */
};

#endif
