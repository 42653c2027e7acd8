// Its name is an option that makes the compiler write the program elsewhere.
// outcome: compile_error | runtime_error | success
// file: -oelsewhere.c
int main(void) {
}
