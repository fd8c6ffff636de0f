#include "wrap.h"

#include "words.h"

std::vector<std::string> wrap(const std::string &text, std::size_t width) {
    std::vector<std::string> lines;
    std::string line;
    for (const std::string &word : words(text)) {
        if (!line.empty() && line.size() + word.size() > width) {
            lines.push_back(line);
            line.clear();
        }
        if (!line.empty()) line += ' ';
        line += word;
    }
    if (!line.empty()) lines.push_back(line);
    return lines;
}
