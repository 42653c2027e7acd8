/* Preloaded into a program, has its C library write stdout after each line, as to a terminal.
 *
 * Linked to nothing: both functions are those of the program's own C library, glibc or musl, and a
 * program without one is left alone.
 */
#include <stdio.h>

#pragma weak setvbuf
#pragma weak stdout

__attribute__((constructor)) static void write_each_line(void) {
    if (&setvbuf && &stdout) setvbuf(stdout, NULL, _IOLBF, 0);
}
