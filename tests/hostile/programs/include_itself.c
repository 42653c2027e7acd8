// Includes itself, twice.
// outcome: compile_error
// compile limits: wall_seconds=2
#include __FILE__
#include __FILE__
