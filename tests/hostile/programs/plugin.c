// Its name is an option for the compiler, which is to load it as a plug-in.
// outcome: compile_error | success
// file: -fplugin=.c
int main(void) {
}
