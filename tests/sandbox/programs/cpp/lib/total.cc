#include "total.hpp"

int total(const Counts &counts) {
    int sum = 0;
    for (const auto &count : counts) sum += count.second;
    return sum;
}
