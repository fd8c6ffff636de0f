#pragma once

#include <string>
#include <vector>

// The lines of a text, none longer than `width` unless a single word is.
std::vector<std::string> wrap(const std::string &text, std::size_t width);
