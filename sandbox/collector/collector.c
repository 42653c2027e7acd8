/* Runs a pod's stages through init, which is pid 1 of the other container, and records everything
 * that happens. kubernetes/inside.py describes its part in a pod, and what it may trust.
 *
 * Its input is a number, PROTOCOL, and one or two stages: the output cap in bytes per stream, and
 * the message for init. The last stage runs the program; a stage before it compiles.
 *
 * The FIFOs for the program's output may carry anything; the others belong to init alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "ending.h"
#include "protocol.h"
#include "transcript.h"

#define INPUT "/podline/input/stages"
#define INIT "/podline/init"
#define CHANNEL "/podline/channel"
#define STAGES 2
#define PIPE_BYTES 65536 /* the default capacity of a pipe, and the most that one read takes */
#define GRACE_US 2000000 /* init enforces the wall limit; if it fails to, it gets this much longer */
#define NEVER INT64_MAX

struct input {
    uint64_t cap;
    const char *bytes; /* a struct head and its body */
    size_t length;
    uint64_t wall_us;
};

struct run {
    const struct channel *channel;
    const struct stage_end *compiled; /* the stage before this one, which succeeded; or NULL */
    struct transcript transcript;
    struct stage_end end;
    const char *unsent;
    size_t unsent_bytes;
    int64_t started_us; /* realtime */
    int64_t begun, give_up_at;
    int killed, not_started, over;
};

static int64_t clock_us(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/* Input */

static char *read_input(size_t *bytes) {
    struct stat size;
    int file = open(INPUT, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &size)) end_with_fault("there is no input");
    char *content = malloc(size.st_size);
    for (*bytes = 0; content && *bytes < (size_t)size.st_size;) {
        ssize_t got = read(file, content + *bytes, size.st_size - *bytes);
        if (got <= 0) end_with_fault("the input could not be read");
        *bytes += got;
    }
    close(file);
    return content;
}

static const char *take_number(const char *at, const char *end, uint64_t *number) {
    if (!at || (size_t)(end - at) < sizeof *number) end_with_fault("the input is cut off");
    memcpy(number, at, sizeof *number);
    return at + sizeof *number;
}

static const char *take_stage(const char *at, const char *end, struct input *stage) {
    struct head head;
    at = take_number(at, end, &stage->cap);
    if ((size_t)(end - at) < sizeof head) end_with_fault("the input is cut off");
    memcpy(&head, at, sizeof head);
    stage->bytes = at;
    stage->wall_us = head.wall_us;
    stage->length = sizeof head + head.body_bytes;
    if (head.body_bytes > BODY_MAX || (size_t)(end - at) < stage->length)
        end_with_fault("the input is cut off");
    return at + stage->length;
}

static int read_stages(struct input stages[STAGES]) {
    size_t bytes;
    uint64_t protocol;
    int count = 0;
    const char *at = read_input(&bytes), *end = at + bytes;
    at = take_number(at, end, &protocol);
    if (protocol != PROTOCOL) end_with_fault("the input is for another version of the pod's image");
    do {
        at = take_stage(at, end, &stages[count++]);
    } while (at < end && count < STAGES);
    if (at < end) end_with_fault("the input has too many stages");
    return count;
}

/* One stage */

static void send_more(struct run *run) {
    ssize_t sent = write(run->channel->control, run->unsent, run->unsent_bytes);
    if (sent > 0) run->unsent += sent, run->unsent_bytes -= sent;
}

/* Sent once; if init is gone, that is noticed elsewhere. */
static void kill_program(struct run *run) {
    if (!run->killed && write(run->channel->control, "k", 1) == 1) run->killed = 1;
}

/* False if nothing is available now. */
static int read_output(struct run *run, int stream) {
    static unsigned char content[PIPE_BYTES];
    ssize_t got = read(run->channel->output[stream], content, sizeof content);
    if (got <= 0) return 0;
    take(&run->transcript, stream, content, got, clock_us(CLOCK_MONOTONIC));
    if (run->transcript.streams[stream].truncated) kill_program(run);
    return 1;
}

static void hear_init(struct run *run) {
    struct report report;
    ssize_t got = read(run->channel->status, &report, sizeof report);
    if (got < 0 && errno == EAGAIN) return;
    if (got != sizeof report) {
        run->end.vanished = run->over = 1;
    } else if (report.kind == STARTED) {
        run->started_us = clock_us(CLOCK_REALTIME);
    } else if (report.kind == DONE) {
        run->end.report = report;
        run->over = 1;
    } else if (report.kind == FAILED && report.step == START_PROGRAM && run->compiled) {
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
    run->over = 1;
}

static int milliseconds_until(int64_t moment) {
    int64_t left = moment - clock_us(CLOCK_MONOTONIC);
    return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)((left + 999) / 1000);
}

static void wait_for_something(struct run *run) {
    const struct channel *channel = run->channel;
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

/* Everything that was printed is in the FIFOs by now: nobody is left who could print. */
static void drain(struct run *run) {
    for (int stream = 0; stream < 2; stream++)
        while (!run->transcript.streams[stream].truncated && read_output(run, stream)) {}
    write_frames(&run->transcript);
}

static void conclude(struct run *run) {
    if (run->end.vanished) run->end.report.wall_us = clock_us(CLOCK_MONOTONIC) - run->begun;
    run->end.frames = run->transcript.frames;
    for (int stream = 0; stream < 2; stream++)
        run->end.truncated[stream] = run->transcript.streams[stream].truncated;
}

static void run_stage(struct run *run, const struct channel *channel, const char *name,
                      const struct input *stage, const struct stage_end *compiled) {
    memset(run, 0, sizeof *run);
    run->channel = channel;
    run->compiled = compiled;
    run->unsent = stage->bytes;
    run->unsent_bytes = stage->length;
    run->begun = clock_us(CLOCK_MONOTONIC);
    run->give_up_at = run->begun + (int64_t)stage->wall_us + GRACE_US;
    begin_transcript(&run->transcript, name, stage->cap);
    while (!run->over) {
        int64_t now = clock_us(CLOCK_MONOTONIC);
        if (now >= frame_due(&run->transcript)) write_frames(&run->transcript);
        if (now >= run->give_up_at) give_up(run);
        else wait_for_something(run);
    }
    drain(run);
    conclude(run);
}

static int succeeded(const struct stage_end *stage) {
    return !stage->vanished && stage->report.status == 0 && stopped_by(stage) == NOT_STOPPED;
}

static void exit_on_signal(int number) {
    (void)number;
    _exit(1);
}

int main(void) {
    static struct input stages[STAGES];
    static struct run compile, run;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, exit_on_signal); /* pid 1 needs a handler; init ends right after it */
    int count = read_stages(stages);
    struct channel channel = open_channel(CHANNEL, INIT);
    const struct stage_end *compiled = NULL, *ended = NULL;
    int64_t began_us = 0;
    if (count == STAGES) {
        run_stage(&compile, &channel, "compile", &stages[0], NULL);
        compiled = &compile.end;
        began_us = compile.started_us;
    }
    if (!compiled || succeeded(compiled)) {
        run_stage(&run, &channel, "run", &stages[count - 1], compiled);
        ended = run.not_started ? NULL : &run.end;
        if (!began_us) began_us = run.started_us;
    }
    end_with_verdict(began_us, clock_us(CLOCK_REALTIME), compiled, ended);
}
