// Its name is an option for the compiler, by which the program goes somewhere else.
// outcome: compile_error | runtime_error | success
// file: -oelsewhere.c
int main(void) {
}
