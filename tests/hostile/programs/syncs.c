// Makes the host write its disks out, again and again.
// outcome: success
// stdout: held
// limits: wall_seconds=1
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int file = open("/usr/bin/env", O_RDONLY);
    for (int i = 0; i < 20000; i++) sync(), syncfs(file), fsync(file), fdatasync(file);
    puts("held");
}
