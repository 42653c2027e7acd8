#define WORD_SIZE 64

struct count {
    char word[WORD_SIZE];
    int times;
};

int total(const struct count *counts, int size);
