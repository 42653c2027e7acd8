// Is larger than the disk.
// outcome: compile_error
// compile limits: disk_mib=16
int array[1 << 28] = {1};

int main(void) {
}
