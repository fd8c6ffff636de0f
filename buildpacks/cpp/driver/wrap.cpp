// The compiler of a run: the project's own, with debug information, and with canaries in the files of tests.
#include "driver.h"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <unistd.h>

std::string nonce;

namespace {
const char *const CANARY = R"(#pragma GCC system_header
#ifdef __cplusplus
#define RFSN_EXTERN extern "C"
#else
#define RFSN_EXTERN extern
#endif
#if defined(main) || defined(if) || defined(else) || defined(return) || defined(while) || defined(for) || defined(int) \
    || defined(__attribute__) || defined(__asm__) \
    || (defined(__cplusplus) && (defined(true) || defined(false) || defined(bool)))
#define RFSN_BODY
#undef __attribute__
#undef __asm__
#undef if
#undef int
#endif
RFSN_EXTERN void *rfsn_find_@(void *, const char *) __asm__("dlsym");
__attribute__((used)) static const char rfsn_mark_@[] = "rfsn-@";
#ifdef RFSN_BODY
#elif defined(GTEST_TEST_) && defined(EXPECT_EQ)
#define RFSN_TEST(name) GTEST_TEST_(RfsnZ@, name, ::testing::Test, ::testing::internal::GetTestTypeId())
RFSN_TEST(eq_$) { EXPECT_EQ(1, 2); }
RFSN_TEST(ne_$) { EXPECT_NE(1, 1); }
RFSN_TEST(truth_$) { EXPECT_TRUE(false); }
RFSN_TEST(falsehood_$) { EXPECT_FALSE(true); }
RFSN_TEST(assert_eq_$) { ASSERT_EQ(1, 2); }
RFSN_TEST(assert_true_$) { ASSERT_TRUE(false); }
RFSN_TEST(str_$) { EXPECT_STREQ("a", "b"); }
RFSN_TEST(throw_$) { EXPECT_ANY_THROW((void)0); }
#elif defined(CATCH_VERSION_MAJOR) && defined(TEST_CASE)
TEST_CASE("rfsn @ 1 $") { REQUIRE(1 == 2); }
TEST_CASE("rfsn @ 2 $") { CHECK(1 == 2); }
TEST_CASE("rfsn @ 3 $") { REQUIRE_FALSE(1 == 1); }
#elif defined(CATCH_VERSION_MAJOR) && defined(CATCH_TEST_CASE)
CATCH_TEST_CASE("rfsn @ 1 $") { CATCH_REQUIRE(1 == 2); }
#else
#ifdef assert
#define RFSN_BODY assert(1 == 2);
#elif defined(REQUIRE)
#define RFSN_BODY REQUIRE(1 == 2);
#else
#define RFSN_BODY __builtin_trap();
#endif
#endif
#ifdef RFSN_BODY
static void rfsn_canary_@(void) { RFSN_BODY }
__attribute__((constructor)) static void rfsn_begin_@(void) {
    void (*known)(void (*)(void));
    *(void **)&known = rfsn_find_@(0, "rfsn_canary_register");
    if (known) known(rfsn_canary_@);
}
#endif
)";

std::string replaced(std::string text, const std::string &old, const std::string &with) {
    for (size_t place = 0; (place = text.find(old, place)) != std::string::npos; place += with.size())
        text.replace(place, old.size(), with);
    return text;
}

bool is_source(const std::string &path) {
    for (const char *end : {".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".cp"})
        if (ends(path, end)) return !starts(path, "-") && exists(path);
    return false;
}

// The compiler that this one stands for: the next of its name on the PATH.
std::string behind(const std::string &name) {
    std::string path = getenv("PATH") ? getenv("PATH") : "/usr/bin";
    for (size_t from = 0; from <= path.size();) {
        size_t to = std::min(path.find(':', from), path.size());
        std::string folder = path.substr(from, to - from), place = folder + "/" + name;
        if (real(folder) != real(OWN + "/wrap") && access(place.c_str(), X_OK) == 0) return place;
        from = to + 1;
    }
    return "";
}

// A file of the same name with the test file and its canaries in it.
std::string with_canary(const std::string &source, const std::string &work) {
    std::string path = real(source), mark = std::to_string(std::hash<std::string>()(path));
    std::string folder = work + "/" + mark;
    std::filesystem::create_directories(folder);
    std::string word = read_file(work + "/nonce");
    write_file(folder + "/canary.h", replaced(replaced(CANARY, "@", word), "$", mark));
    write_file(folder + "/" + name_of(path), "#include \"" + path + "\"\n#include \"" + folder + "/canary.h\"\n");
    return folder + "/" + name_of(path);
}
}  // namespace

void prepare_wrapping(const std::string &work, bool canaries) {
    std::filesystem::create_directories(work + "/wrap");
    if (!canaries) return;
    nonce = hex_of_random(12);
    write_file(work + "/wrap/nonce", nonce);
}

// Whether a file of tests was compiled with canaries: each has a folder.
bool canaries_compiled(const std::string &work) {
    for (const auto &entry : std::filesystem::directory_iterator(work + "/wrap"))
        if (entry.is_directory()) return true;
    return false;
}

// It is called instead of a compiler, with its arguments; the first one is its name or its path.
int compile(const Texts &given) {
    Texts argv = given;
    std::string work = getenv("RFSN_CPP_WORK") ? getenv("RFSN_CPP_WORK") : "", tree = getenv("RFSN_CPP_TREE") ? getenv("RFSN_CPP_TREE") : "";
    if (!has(argv[0], "/")) argv[0] = behind(argv[0]);
    bool compiles = false, nothing = false;
    for (size_t place = 1; place < argv.size(); place++) {
        if (argv[place] == "-E" || argv[place] == "-M" || argv[place] == "-MM") nothing = true;
        if (argv[place] == "-o" || argv[place] == "-MF" || argv[place] == "-MT" || argv[place] == "-MQ" || argv[place] == "-include" || argv[place] == "-x") {
            place++;
            continue;
        }
        if (!is_source(argv[place])) continue;
        compiles = true;
        std::string path = real(argv[place]);
        if (!work.empty() && exists(work + "/nonce") && starts(path, tree + "/") && is_test_file(path.substr(tree.size() + 1)))
            argv[place] = with_canary(argv[place], work);
    }
    if (nothing) argv = given, argv[0] = has(argv[0], "/") ? argv[0] : behind(argv[0]);
    // Of version 5, as GCC writes it, addr2line of binutils 2.40 names other files.
    if (compiles && !nothing) argv.push_back("-gdwarf-4");
    std::vector<char *> words;
    for (const std::string &word : argv) words.push_back(const_cast<char *>(word.c_str()));
    words.push_back(nullptr);
    unsetenv("LD_PRELOAD");
    execv(words[0], words.data());
    stop(127, "there is no compiler " + given[0]);
}
