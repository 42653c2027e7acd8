// Makes the compiler read a file without end.
// outcome: compile_error
// compile limits: wall_seconds=4 memory_mib=256
#include "/dev/zero"

int main(void) {
}
