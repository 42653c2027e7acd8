// Causes more errors than anybody would read.
// outcome: compile_error
// compile limits: output_kib=16
#define A ?; ?; ?; ?; ?; ?; ?; ?; ?; ?;
#define B A A A A A A A A A A
#define C B B B B B B B B B B
#define D C C C C C C C C C C
int main(void) {
    D D D D D D D D D D
}
