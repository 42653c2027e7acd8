// Moves pages into pipes and unmaps them: no process has them then, and a large one counts as one.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void) {
    static char page[4096];
    int ends[2];
    puts(pipe(ends) || vmsplice(ends[1], &(struct iovec){page, sizeof page}, 1, 0) >= 0 ? "ESCAPED" : "held");
}
