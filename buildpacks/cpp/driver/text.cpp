// Text and files.
#include "driver.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex.h>
#include <unistd.h>

std::string scratch;

bool starts(const std::string &text, const std::string &start) { return text.compare(0, start.size(), start) == 0; }

bool ends(const std::string &text, const std::string &end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

bool matches(const std::string &pattern, const std::string &text) {
    regex_t compiled;
    if (regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
    bool found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
    regfree(&compiled);
    return found;
}

Texts lines(const std::string &text) {
    Texts found;
    for (size_t from = 0; from < text.size();) {
        size_t to = std::min(text.find('\n', from), text.size());
        found.push_back(text.substr(from, to - from));
        from = to + 1;
    }
    return found;
}

std::string stripped(const std::string &text) {
    size_t from = text.find_first_not_of(" \t\r\n");
    if (from == std::string::npos) return "";
    return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::string name_of(const std::string &path) { return path.substr(path.rfind('/') + 1); }

std::string read_file(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string &path, const std::string &data) {
    std::ofstream file(path, std::ios::binary);
    file << data;
    if (!file.flush()) stop(BROKEN, "cannot write " + path);
}

bool exists(const std::string &path) { return access(path.c_str(), F_OK) == 0; }

std::string real(const std::string &path) {
    char *found = realpath(path.c_str(), nullptr);
    std::string text = found ? found : "";
    free(found);
    return text;
}

std::string hex_of_random(size_t bytes) {
    std::ifstream file("/dev/urandom", std::ios::binary);
    std::string text;
    char pair[3];
    for (size_t place = 0; place < bytes; place++) {
        snprintf(pair, sizeof pair, "%02x", static_cast<unsigned>(file.get() & 255));
        text += pair;
    }
    if (!file) stop(BROKEN, "no random numbers");
    return text;
}

// It ends the driver without a last result line: whatever it wrote is no report.
void stop(int code, const std::string &why) {
    fprintf(stderr, "error: %s\n", why.c_str());
    std::error_code ignored;
    if (!scratch.empty()) std::filesystem::remove_all(scratch, ignored);
    _exit(code);
}
