// Has no main function.
// outcome: compile_error
int nothing;
