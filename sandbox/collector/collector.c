/* Runs a pod's stages through init, which is pid 1 of the other container, and records everything
 * that happens. kubernetes/inside.py describes its part in a pod, and what it may trust.
 *
 * Its input is in files with numbers from 0, one after the other: a number, PROTOCOL, then a struct
 * plan with the records that stages share and the patterns of files to keep, and the stages: for each,
 * a struct opening and the message for init, without stdin that an earlier one has as well. If the
 * plan says so, the first stage compiles; all others run the program. The compiled program is kept in
 * the channel, and init empties the box before each run.
 *
 *     collector [FIRST USED]   FIRST runs have ended in an earlier pod, and took USED microseconds
 *     collector ahead          started ahead: the input comes later, over stdin (handover.h)
 *
 * The FIFOs for the program's output may carry anything; the others belong to init alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "artifacts.h"
#include "channel.h"
#include "ending.h"
#include "handover.h"
#include "program.h"
#include "protocol.h"
#include "transcript.h"

#define INPUT "/podline/input/stages"
#define INIT "/podline/init"
#define CHANNEL "/podline/channel"
#define STAGES_MAX 1024
#define LOG_BYTES (5u << 20) /* with base64 and the rest of each line, a log is below 10 MiB, where a
                              * kubelet rotates it: older files are not available any more */
#define COMPILE 0 /* the number of that stage; runs have 1, 2 ... */
#define PIPE_BYTES 65536 /* the default capacity of a pipe, and the most that one read takes */
#define GRACE_US 2000000 /* init enforces the wall limit; if it fails to, it gets this much longer */
#define NEVER INT64_MAX

struct plan {
    uint64_t compiles, stop_on_failure;
    uint64_t wall_us; /* for all stages */
    uint64_t program_bytes; /* the most that a compiled program may have */
    uint64_t shared_bytes;
    uint64_t artifact_files, artifact_bytes; /* the most that are kept */
    uint64_t pattern_bytes; /* 0 if the pod asks for no files */
};

struct opening {
    uint64_t cap; /* of output, in bytes per stream */
    uint64_t shares; /* whether it has the shared records, too */
    uint64_t again_at, again_bytes; /* which records of an earlier stage it has, too: in the input */
};

struct input {
    struct opening opening;
    struct head head;
    const char *body;
};

struct pod {
    struct plan plan;
    const char *input;
    size_t input_bytes;
    const char *shared; /* records */
    struct wish wish;
    struct input stages[STAGES_MAX];
    int count; /* of stages */
    struct channel channel;
    uint64_t log_left;
    int64_t began_us; /* realtime; 0 before a stage has */
    int64_t ended_us; /* realtime, of the last run */
    int64_t used_us; /* by all stages so far, in earlier pods too */
    int compiled, failed; /* whether a compile stage succeeded, and any run did not */
};

struct run {
    struct pod *pod;
    int number;
    struct transcript transcript;
    struct stage_end end;
    char *message;
    const char *unsent;
    size_t unsent_bytes;
    int64_t begun, give_up_at;
    int started, killed, not_started, lost, over;
};

static int64_t clock_us(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/* Input */

/* False if there is no such part. */
static int read_part(int part, char **content, size_t *bytes) {
    struct stat size;
    char path[sizeof INPUT + 16];
    sprintf(path, INPUT ".%d", part);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    if (fstat(file, &size)) end_with_fault("the input could not be read");
    *content = realloc(*content, *bytes + size.st_size);
    for (size_t end = *bytes + size.st_size; *content && *bytes < end;) {
        ssize_t got = read(file, *content + *bytes, end - *bytes);
        if (got <= 0) end_with_fault("the input could not be read");
        *bytes += got;
    }
    close(file);
    return 1;
}

static char *read_input(size_t *bytes) {
    char *content = NULL;
    *bytes = 0;
    for (int part = 0; read_part(part, &content, bytes); part++) {}
    return content;
}

static const char *take(const char *at, const char *end, void *into, size_t bytes) {
    if (!at || (size_t)(end - at) < bytes) end_with_fault("the input is cut off");
    memcpy(into, at, bytes);
    return at + bytes;
}

static const char *pass(const char *at, const char *end, uint64_t bytes) {
    if (bytes > (size_t)(end - at)) end_with_fault("the input is cut off");
    return at + bytes;
}

static const char *take_stage(const char *at, const char *end, struct input *stage) {
    at = take(at, end, &stage->opening, sizeof stage->opening);
    at = take(at, end, &stage->head, sizeof stage->head);
    stage->body = at;
    return pass(at, end, stage->head.body_bytes);
}

static const char *take_wish(const char *at, const char *end, struct pod *pod) {
    if (!pod->plan.pattern_bytes) return at;
    uint32_t *patterns = malloc(pod->plan.pattern_bytes);
    if (!patterns) end_with_fault("the patterns of files are too long");
    pod->wish = (struct wish){pod->plan.artifact_files, pod->plan.artifact_bytes, patterns};
    return take(at, end, patterns, pod->plan.pattern_bytes);
}

static void parse_input(struct pod *pod) {
    uint64_t protocol;
    const char *at = pod->input, *end = at + pod->input_bytes;
    at = take(at, end, &protocol, sizeof protocol);
    if (protocol != PROTOCOL) end_with_fault("the input is for another version of the pod's image");
    at = take(at, end, &pod->plan, sizeof pod->plan);
    pod->shared = at;
    at = pass(at, end, pod->plan.shared_bytes);
    at = take_wish(at, end, pod);
    while (at < end) {
        if (pod->count == STAGES_MAX) end_with_fault("the input has too many stages");
        at = take_stage(at, end, &pod->stages[pod->count++]);
    }
    if (pod->count <= (int)pod->plan.compiles) end_with_fault("the input has too few stages");
}

static int runs_of(const struct pod *pod) {
    return pod->count - (int)pod->plan.compiles;
}

/* One stage */

/* The records of an earlier stage that this one has, too. */
static const char *again(const struct pod *pod, const struct opening *opening) {
    const char *at = pass(pod->input, pod->input + pod->input_bytes, opening->again_at);
    pass(at, pod->input + pod->input_bytes, opening->again_bytes);
    return at;
}

static void make_message(struct run *run, const struct input *stage) {
    const struct pod *pod = run->pod;
    struct head head = stage->head;
    size_t shared = stage->opening.shares ? pod->plan.shared_bytes : 0, own = head.body_bytes;
    const char *earlier = again(pod, &stage->opening);
    head.body_bytes = own + shared + stage->opening.again_bytes;
    run->unsent_bytes = 1 + sizeof head + head.body_bytes;
    char *at = run->message = malloc(run->unsent_bytes);
    if (!at || head.body_bytes > BODY_MAX) end_with_fault("a stage has too much input");
    run->unsent = at;
    *at++ = STAGE;
    at = mempcpy(at, &head, sizeof head);
    at = mempcpy(at, stage->body, own);
    at = mempcpy(at, pod->shared, shared);
    memcpy(at, earlier, stage->opening.again_bytes);
}

static void send_more(struct run *run) {
    ssize_t sent = write(run->pod->channel.control, run->unsent, run->unsent_bytes);
    if (sent > 0) run->unsent += sent, run->unsent_bytes -= sent;
}

/* Sent once; if init is gone, that is noticed elsewhere. */
static void kill_program(struct run *run) {
    static const char kill = KILL;
    if (run->killed || run->over) return;
    if (write(run->pod->channel.control, &kill, 1) == 1) run->killed = 1;
}

/* False if nothing is available now. */
static int read_output(struct run *run, int stream) {
    static unsigned char content[PIPE_BYTES];
    ssize_t got = read(run->pod->channel.output[stream], content, sizeof content);
    if (got <= 0) return 0;
    take_output(&run->transcript, stream, content, got, clock_us(CLOCK_MONOTONIC));
    if (run->transcript.streams[stream].truncated) kill_program(run);
    return 1;
}

static void hear_init(struct run *run) {
    struct report report;
    ssize_t got = read(run->pod->channel.status, &report, sizeof report);
    if (got < 0 && errno == EAGAIN) return;
    if (got != sizeof report) {
        run->end.vanished = run->lost = run->over = 1;
    } else if (report.kind == STARTED) {
        run->started = 1;
        if (!run->pod->began_us) run->pod->began_us = clock_us(CLOCK_REALTIME);
    } else if (report.kind == DONE) {
        run->end.report = report;
        run->over = 1;
    } else if (report.kind == FAILED && report.step == START_PROGRAM && run->pod->compiled &&
               run->number == 1) {
        run->not_started = run->over = 1;
    } else {
        end_with_report_of_fault(&report);
    }
}

/* Init is starved or stuck. It ends when the collector does. */
static void give_up(struct run *run) {
    run->end.report.stopped_by = BY_WALL;
    run->end.report.status = SIGKILL;
    run->end.report.wall_us = clock_us(CLOCK_MONOTONIC) - run->begun;
    run->lost = run->over = 1;
}

static int milliseconds_until(int64_t moment) {
    int64_t left = moment - clock_us(CLOCK_MONOTONIC);
    return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)((left + 999) / 1000);
}

static void wait_for_something(struct run *run) {
    const struct channel *channel = &run->pod->channel;
    struct pollfd sources[] = {
        {channel->output[0], POLLIN, 0}, {channel->output[1], POLLIN, 0},
        {channel->status, POLLIN, 0}, {run->unsent_bytes ? channel->control : -1, POLLOUT, 0},
    };
    int64_t due = frame_due(&run->transcript);
    poll(sources, 4, milliseconds_until(due < run->give_up_at ? due : run->give_up_at));
    if (sources[0].revents) read_output(run, 0);
    if (sources[1].revents) read_output(run, 1);
    if (sources[3].revents) send_more(run);
    if (sources[2].revents) hear_init(run);
}

/* Everything that was printed is in the FIFOs by now: nobody is left who could print, unless init is
 * stuck. What is above the cap must not be taken for the next stage's. */
static void drain(struct run *run) {
    for (int stream = 0; stream < 2; stream++)
        while (!(run->lost && run->transcript.streams[stream].truncated) && read_output(run, stream)) {}
    write_frames(&run->transcript);
}

static void conclude(struct run *run) {
    if (run->end.vanished) run->end.report.wall_us = clock_us(CLOCK_MONOTONIC) - run->begun;
    run->end.frames = run->transcript.frames;
    for (int stream = 0; stream < 2; stream++)
        run->end.truncated[stream] = run->transcript.streams[stream].truncated;
}

static void run_stage(struct run *run, struct pod *pod, int number, const struct input *stage) {
    memset(run, 0, sizeof *run);
    run->pod = pod;
    run->number = number;
    make_message(run, stage);
    run->begun = clock_us(CLOCK_MONOTONIC);
    run->give_up_at = run->begun + (int64_t)stage->head.wall_us + GRACE_US;
    begin_transcript(&run->transcript, number, runs_of(pod), stage->opening.cap, &pod->log_left);
    while (!run->over) {
        int64_t now = clock_us(CLOCK_MONOTONIC);
        if (now >= frame_due(&run->transcript)) write_frames(&run->transcript);
        if (now >= run->give_up_at) give_up(run);
        else wait_for_something(run);
    }
    drain(run);
    conclude(run);
    free(run->message);
}

static void record(const struct run *run) {
    run->pod->used_us += run->end.report.wall_us;
    run->pod->ended_us = clock_us(CLOCK_REALTIME);
    record_stage(run->number, &run->end);
}

/* All stages */

static int succeeded(const struct stage_end *stage) {
    return !stage->vanished && stage->report.status == 0 && stopped_by(stage) == NOT_STOPPED;
}

_Noreturn static void end_with(const struct pod *pod, int runs, int left) {
    int64_t ended_us = pod->ended_us ? pod->ended_us : clock_us(CLOCK_REALTIME);
    end_with_verdict(pod->began_us, ended_us, runs, left);
}

/* Ends the pod if there is nothing to run then. What the compiler left in memory may end init when
 * it sends the program, so only then is it known how the stage ended.
 */
static void compile_program(struct pod *pod) {
    static struct run compile;
    run_stage(&compile, pod, COMPILE, &pod->stages[0]);
    if (succeeded(&compile.end)) {
        enum received received = receive_program(&pod->channel, pod->plan.program_bytes);
        pod->compiled = received == RECEIVED;
        compile.end.vanished = received == INIT_ENDED;
    }
    record(&compile);
    if (!pod->compiled) end_with(pod, 0, 0);
}

/* The first run has all the time that it may take. */
static int skips(const struct pod *pod, int number, const struct input *stage) {
    if (number == 1) return 0;
    if (pod->plan.stop_on_failure && pod->failed) return 1;
    return pod->used_us + stage->head.wall_us > pod->plan.wall_us;
}

static void keep_files(struct pod *pod, const struct run *run) {
    if (run->lost) lose_artifacts();
    else keep_artifacts(&pod->channel, &pod->wish, &pod->log_left);
}

static void run_program(struct pod *pod, int ended) {
    static struct run run;
    const struct input *stages = pod->stages + pod->plan.compiles;
    int runs = runs_of(pod);
    for (int number = ended + 1; number <= runs; number++) {
        if (skips(pod, number, &stages[number - 1])) continue;
        run_stage(&run, pod, number, &stages[number - 1]);
        if (run.not_started) end_with(pod, 0, 0);
        /* What earlier runs left in memory can end init when it empties the box. */
        if (run.end.vanished && !run.started && number > ended + 1)
            end_with(pod, number - 1, runs - number + 1);
        record(&run);
        if (!succeeded(&run.end)) pod->failed = 1;
        if (pod->wish.patterns) keep_files(pod, &run);
        /* Without init, the others can only be skipped. */
        if (run.lost && !pod->plan.stop_on_failure) end_with(pod, number, runs - number);
    }
    end_with(pod, runs, 0);
}

static void exit_on_signal(int number) {
    (void)number;
    _exit(1);
}

int main(int argc, char **argv) {
    static struct pod pod = {.log_left = LOG_BYTES};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, exit_on_signal); /* pid 1 needs a handler; init ends right after it */
    int ended = argc > 2 ? atoi(argv[1]) : 0;
    if (argc == 2) {
        pod.channel = open_channel(CHANNEL, INIT);
        pod.input = wait_for_input(pod.channel.status, &pod.input_bytes);
        parse_input(&pod);
    } else {
        pod.input = read_input(&pod.input_bytes);
        parse_input(&pod);
        pod.channel = open_channel(CHANNEL, INIT);
    }
    if (pod.plan.compiles) compile_program(&pod);
    if (argc > 2) pod.used_us = atoll(argv[2]);
    run_program(&pod, ended);
}
