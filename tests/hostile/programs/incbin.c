// Makes the assembler include files: one without end, and one of the host's.
// outcome: compile_error
// compile limits: wall_seconds=4 disk_mib=16
__asm__(".incbin \"/etc/shadow\"\n.incbin \"/dev/zero\"\n");

int main(void) {
}
