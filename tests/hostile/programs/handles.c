// Opens files by handle, past all folders.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += name_to_handle_at(AT_FDCWD, "/usr", (void *)(char[144]){128}, &open, 0) >= 0;
    open += open_by_handle_at(0, (void *)(char[144]){8}, O_RDONLY) >= 0;
    puts(open ? "ESCAPED" : "held");
}
