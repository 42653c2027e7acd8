// Makes the compiler do the work.
// outcome: compile_error
// compile limits: wall_seconds=1
constexpr long work(long n) {
    while (n > 0) n += 2;
    return n;
}

int main() {
    static_assert(work(1) > 0);
}
