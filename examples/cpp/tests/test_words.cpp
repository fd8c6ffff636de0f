#undef NDEBUG
#include <cassert>

#include "words.h"

int main() {
    assert(words("").empty());
    assert((words("  to be\nor not ") == std::vector<std::string>{"to", "be", "or", "not"}));
}
