// Every template needs two more.
// outcome: compile_error
// compile limits: wall_seconds=1 memory_mib=256
template <unsigned long N, unsigned long M>
struct Tree {
    static const unsigned long value = Tree<N - 1, M * 2>::value + Tree<N - 1, M * 2 + 1>::value;
};
template <unsigned long M>
struct Tree<0, M> {
    static const unsigned long value = M;
};

int main() {
    return Tree<64, 0>::value;
}
