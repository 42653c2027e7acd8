// Has no beginning.
// outcome: compile_error
int nothing;
