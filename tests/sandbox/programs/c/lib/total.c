#include "total.h"

int total(const struct count *counts, int size) {
    int sum = 0;
    for (int i = 0; i < size; i++) sum += counts[i].times;
    return sum;
}
