// Changes its own program, which the next test runs, too.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORK "/box/work"

static const char *const paths[] = {"/proc/self/exe", "/box/program", "/var/lib/podline/program"};

int main(void) {
    char buffer[4096];
    unsigned sum = 0;
    int file = open("/proc/self/exe", O_RDONLY);
    for (ssize_t got; (got = read(file, buffer, sizeof buffer)) > 0;)
        while (got--) sum = sum * 31 + (unsigned char)buffer[got];
    printf("%u %d\n", sum, access(WORK "/left", F_OK));
    for (int i = 0; i < 3; i++) {
        chmod(paths[i], 0777);
        int program = open(paths[i], O_WRONLY | O_TRUNC);
        if (program >= 0) puts("ESCAPED");
    }
    if (!unlink("/var/lib/podline/program")) puts("ESCAPED");
    if (!rename("/tmp", "/var/lib/podline/program")) puts("ESCAPED");
    unlink("/box/program");
    symlink("/bin/true", "/box/program");
    close(open(WORK "/left", O_CREAT | O_WRONLY, 0666));
    fprintf(stderr, "%u %d\n", sum, access(WORK "/left", F_OK));
    return 0;
}
