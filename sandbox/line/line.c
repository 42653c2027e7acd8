/* Preloaded into a program, has its C library write stdout after each line, as to a terminal.
 *
 * Linked to nothing: both functions are those of the program's own C library, glibc or musl, and a
 * program without one is left alone. Declared here, since a compiler that links no C library may
 * have no <stdio.h> either.
 */
typedef struct file FILE;
extern FILE *stdout;
extern int setvbuf(FILE *stream, char *buffer, int mode, __SIZE_TYPE__ size);
enum { BY_LINE = 1 }; /* _IOLBF of both */

#pragma weak setvbuf
#pragma weak stdout

__attribute__((constructor)) static void write_each_line(void) {
    if (&setvbuf && &stdout) setvbuf(stdout, 0, BY_LINE, 0);
}
