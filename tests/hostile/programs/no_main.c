// outcome: compile_error
int nothing;
