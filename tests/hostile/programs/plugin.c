// Its name is an option that makes the compiler load it as a plug-in.
// outcome: compile_error | success
// file: -fplugin=.c
int main(void) {
}
