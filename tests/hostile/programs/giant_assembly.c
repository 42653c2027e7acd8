// Makes the assembler write gigabytes, with a few bytes of source.
// outcome: compile_error
// compile limits: wall_seconds=1.5 disk_mib=16
__asm__(".rept 1000000\n.fill 65536, 1, 1\n.endr\n");

int main(void) {
}
