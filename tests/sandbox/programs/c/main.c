/* Counts words: arguments, environment, stdin, a second file, text and bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/total.h"

static struct count counts[100];
static int size;

static struct count *count_of(const char *word) {
    for (int i = 0; i < size; i++)
        if (strcmp(counts[i].word, word) == 0) return &counts[i];
    strcpy(counts[size].word, word);
    return &counts[size++];
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "fail") == 0) {
        puts("before");
        fflush(stdout);
        abort();
    }
    for (int i = 1; i < argc; i++) printf("[%s]\n", argv[i]);
    puts(getenv("WORD"));
    char word[WORD_SIZE];
    while (scanf("%63s", word) == 1) count_of(word)->times++;
    for (int i = 0; i < size; i++) printf("%d %s\n", counts[i].times, counts[i].word);
    printf("total %d\n", total(counts, size));
    for (int byte = 0; byte < 256; byte++) fputc(byte, stderr);
}
