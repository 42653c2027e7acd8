// Compiles, and asks for more memory than there is before its first instruction.
// outcome: runtime_error | memory_limit | compile_error
char array[1L << 45];

int main(void) {
    return array[1L << 44];
}
