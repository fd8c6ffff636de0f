// JSON, as far as the job and ctest's listing need it.
#include "driver.h"

#include <cstdio>
#include <cstdlib>

namespace {
const int DEEPEST = 100;

struct Reader {
    const std::string &data;
    size_t place = 0;

    [[noreturn]] void wrong() { stop(BROKEN, "unreadable JSON at " + std::to_string(place)); }

    char next() {
        while (place < data.size() && strchr_space(data[place])) place++;
        return place < data.size() ? data[place] : '\0';
    }

    static bool strchr_space(char sign) { return sign == ' ' || sign == '\n' || sign == '\t' || sign == '\r'; }

    bool takes(const std::string &word) {
        if (data.compare(place, word.size(), word) != 0) return false;
        place += word.size();
        return true;
    }

    void utf8(std::string &text, unsigned code) {
        if (code < 0x80) {
            text += static_cast<char>(code);
        } else if (code < 0x800) {
            text += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
        } else if (code < 0x10000) {
            text += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
                     static_cast<char>(0x80 | (code & 63))};
        } else {
            text += {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
                     static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
        }
    }

    unsigned hex() {
        unsigned code = static_cast<unsigned>(strtoul(data.substr(place, 4).c_str(), nullptr, 16));
        place += 4;
        return code;
    }

    std::string string() {
        std::string text;
        for (place++; place < data.size() && data[place] != '"';) {
            char sign = data[place++];
            if (sign != '\\') {
                text += sign;
                continue;
            }
            switch (sign = data[place++]) {
                case 'n': text += '\n'; break;
                case 't': text += '\t'; break;
                case 'r': text += '\r'; break;
                case 'b': text += '\b'; break;
                case 'f': text += '\f'; break;
                case 'u': {
                    unsigned code = hex();
                    if (code >= 0xD800 && code < 0xDC00 && takes("\\u")) code = 0x10000 + ((code & 0x3FF) << 10) + (hex() & 0x3FF);
                    utf8(text, code);
                    break;
                }
                default: text += sign;
            }
        }
        if (place >= data.size()) wrong();
        place++;
        return text;
    }

    Json value(int depth) {
        Json one;
        if (depth > DEEPEST) wrong();
        switch (next()) {
            case '{':
                one.kind = Json::OBJECT;
                for (place++; next() != '}';) {
                    if (next() != '"') wrong();
                    std::string name = string();
                    if (next() != ':') wrong();
                    place++;
                    one.fields[name] = value(depth + 1);
                    if (next() == ',') place++;
                }
                place++;
                return one;
            case '[':
                one.kind = Json::LIST;
                for (place++; next() != ']';) {
                    one.items.push_back(value(depth + 1));
                    if (next() == ',') place++;
                }
                place++;
                return one;
            case '"':
                one.kind = Json::TEXT;
                one.text = string();
                return one;
            default:
                if (takes("null")) return one;
                one.kind = Json::BOOLEAN;
                if ((one.truth = takes("true")) || takes("false")) return one;
        }
        char *end = nullptr;
        one.kind = Json::NUMBER;
        one.number = strtod(data.c_str() + place, &end);
        if (end == data.c_str() + place) wrong();
        place = static_cast<size_t>(end - data.c_str());
        return one;
    }
};

const Json MISSING;
}  // namespace

const Json &Json::operator[](const std::string &name) const {
    auto found = fields.find(name);
    return found == fields.end() ? MISSING : found->second;
}

Texts Json::texts() const {
    Texts found;
    for (const Json &item : items) found.push_back(item.text);
    return found;
}

double Json::or_else(double other) const { return kind == NUMBER ? number : other; }

Json parse_json(const std::string &data) {
    Reader reader{data};
    return reader.value(0);
}

// What is no UTF-8 becomes a question mark.
std::string quoted(const std::string &text) {
    std::string done = "\"";
    char escape[8];
    for (size_t place = 0; place < text.size();) {
        unsigned char sign = static_cast<unsigned char>(text[place]);
        size_t more = sign < 0x80 ? 0 : sign >= 0xC2 && sign < 0xE0 ? 1 : sign >= 0xE0 && sign < 0xF0 ? 2 : sign >= 0xF0 && sign < 0xF5 ? 3 : 9;
        bool good = more < 9 && place + more < text.size();
        for (size_t next = 1; good && next <= more; next++) good = (static_cast<unsigned char>(text[place + next]) & 0xC0) == 0x80;
        if (good && more == 2) {
            unsigned second = static_cast<unsigned char>(text[place + 1]);
            good = !(sign == 0xE0 && second < 0xA0) && !(sign == 0xED && second > 0x9F);
        }
        if (!good) {
            done += '?';
            place++;
        } else if (sign < 0x20 || sign == '"' || sign == '\\') {
            snprintf(escape, sizeof escape, "\\u%04x", sign);
            done += escape;
            place++;
        } else {
            done += text.substr(place, more + 1);
            place += more + 1;
        }
    }
    return done + "\"";
}
