/* The end record, in the collector's log and as its termination message. */
#ifndef PODLINE_ENDING_H
#define PODLINE_ENDING_H

#include <stdint.h>

#include "protocol.h"
#include "transcript.h"

struct stage_end {
    struct report report;
    int vanished; /* init was gone before it could report: wall_us is the collector's own */
    int truncated[2];
    uint64_t frames;
};

/* Writes how the stage ended. */
void record_stage(int stage, const struct stage_end *end);

/* `runs` have ended or been skipped: 0 if the compile stage did not succeed, or made no program that
 * can be started. Others are left if init was lost. */
_Noreturn void end_with_verdict(int64_t began_us, int64_t ended_us, int runs, int left);

/* Something could not be set up. Says nothing about the program. */
_Noreturn void end_with_fault(const char *what);
_Noreturn void end_with_report_of_fault(const struct report *report);

/* What ended the stage, as an enum stop; BY_SERVICE stands for the output limit. */
int stopped_by(const struct stage_end *stage);

#endif
