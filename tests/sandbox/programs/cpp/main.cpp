// Counts words: arguments, environment, stdin, a second file, text and bytes.
#include <cstdlib>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>

#include "lib/total.hpp"

static Counts count_words(std::istream &text) {
    // In order of their first appearance.
    Counts counts;
    for (std::string word; text >> word;) {
        auto found = std::find_if(counts.begin(), counts.end(),
                                  [&](const auto &count) { return count.first == word; });
        if (found == counts.end()) counts.emplace_back(word, 1);
        else found->second++;
    }
    return counts;
}

int main(int argc, char **argv) {
    std::span arguments(argv + 1, argc - 1);
    if (!arguments.empty() && std::string(arguments[0]) == "fail") {
        std::cout << "before" << std::endl;
        throw std::runtime_error("failed as asked");
    }
    for (auto argument : arguments) std::cout << '[' << argument << "]\n";
    std::cout << std::getenv("WORD") << '\n';
    const auto counts = count_words(std::cin);
    for (const auto &[word, times] : counts) std::cout << times << ' ' << word << '\n';
    std::cout << "total " << total(counts) << '\n';
    for (int byte = 0; byte < 256; byte++) std::cerr.put(static_cast<char>(byte));
}
