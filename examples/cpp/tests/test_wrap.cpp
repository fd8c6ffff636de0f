#undef NDEBUG
#include <cassert>

#include "wrap.h"

using Lines = std::vector<std::string>;

int main() {
    assert(wrap("", 10).empty());
    assert((wrap("to be or not to be", 9) == Lines{"to be or", "not to be"}));
    assert((wrap("to be or not", 5) == Lines{"to be", "or", "not"}));
    assert((wrap("unquestionably so", 4) == Lines{"unquestionably", "so"}));
}
