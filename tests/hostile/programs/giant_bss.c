// Compiles, and asks for more memory than there is before its first instruction. A kernel that
// promises any amount (vm.overcommit_memory=1, as the kubelet sets it) lets it read one page of it.
// outcome: runtime_error | memory_limit | compile_error | success
char array[1L << 45];

int main(void) {
    return array[1L << 44];
}
