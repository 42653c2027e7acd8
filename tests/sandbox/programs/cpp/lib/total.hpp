#pragma once
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using Counts = std::vector<std::pair<std::string, int>>;

int total(const Counts &counts);
