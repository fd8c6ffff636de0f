// The tests of a CMake project: configured and built out of the tree, and listed by ctest.
#include "driver.h"

#include <cstdlib>

namespace {
const std::string GOOGLETEST = "/usr/src/googletest";  // where distributions have its source

Texts configuring(const Job &job, const std::string &folder) {
    Texts argv = {"cmake", "-S", ".", "-B", folder, "-DCMAKE_BUILD_TYPE=Debug", "-DBUILD_TESTING=ON",
                  "-DCMAKE_C_COMPILER_LAUNCHER=" + OWN + "/bin/rfsn-cpp;compile",
                  "-DCMAKE_CXX_COMPILER_LAUNCHER=" + OWN + "/bin/rfsn-cpp;compile",
                  // Nothing is fetched, and no test runs before all is built.
                  "-DFETCHCONTENT_FULLY_DISCONNECTED=ON", "-DCMAKE_GTEST_DISCOVER_TESTS_DISCOVERY_MODE=PRE_TEST",
                  "-DCMAKE_CATCH_DISCOVER_TESTS_DISCOVERY_MODE=PRE_TEST"};
    if (exists("/usr/bin/ninja")) argv.insert(argv.end(), {"-G", "Ninja"});
    if (exists(GOOGLETEST)) argv.push_back("-DFETCHCONTENT_SOURCE_DIR_GOOGLETEST=" + GOOGLETEST);
    argv.insert(argv.end(), job.settings.begin(), job.settings.end());
    return argv;
}

void modify(Texts &env, const std::string &change) {  // NAME=OPERATION:VALUE
    size_t equal = change.find('='), colon = change.find(':', equal);
    if (equal == std::string::npos || colon == std::string::npos) return;
    std::string name = change.substr(0, equal), how = change.substr(equal + 1, colon - equal - 1), value = change.substr(colon + 1), old;
    for (const std::string &one : env)
        if (starts(one, name + "=")) old = one.substr(name.size() + 1);
    std::string sign = starts(how, "path_list") ? ":" : starts(how, "cmake_list") ? ";" : "";
    bool before = ends(how, "prepend");
    if (before || ends(how, "append")) value = old.empty() ? value : before ? value + sign + old : old + sign + value;
    if (how == "unset") {
        Texts kept;
        for (const std::string &one : env)
            if (!starts(one, name + "=")) kept.push_back(one);
        env = kept;
    } else if (how != "reset") {
        env = with(env, name, value);
    }
}

Texts listed(const Json &value) { return value.kind == Json::TEXT ? Texts{value.text} : value.texts(); }

void take(Test &test, const std::string &name, const Json &value) {
    if (name == "WORKING_DIRECTORY") test.process.folder = value.text;
    if (name == "WILL_FAIL") test.will_fail = value.truth;
    if (name == "DISABLED") test.disabled = value.truth;
    if (name == "TIMEOUT") test.timeout = value.or_else(0);
    if (name == "SKIP_RETURN_CODE") test.skip_code = value.or_else(-1);
    if (name == "PASS_REGULAR_EXPRESSION") test.pass = listed(value);
    if (name == "FAIL_REGULAR_EXPRESSION") test.fail = listed(value);
    if (name == "SKIP_REGULAR_EXPRESSION") test.skip = listed(value);
    if (name == "FIXTURES_SETUP") test.setup = listed(value);
    if (name == "FIXTURES_REQUIRED") test.needs = listed(value);
    if (name == "FIXTURES_CLEANUP") test.cleanup = listed(value);
    if (name == "DEPENDS") test.after = listed(value);
    for (const std::string &one : name == "ENVIRONMENT" ? listed(value) : Texts())
        test.process.env = with(test.process.env, one.substr(0, one.find('=')), has(one, "=") ? one.substr(one.find('=') + 1) : "");
    for (const std::string &one : name == "ENVIRONMENT_MODIFICATION" ? listed(value) : Texts()) modify(test.process.env, one);
    for (const std::string &one : name == "REQUIRED_FILES" ? listed(value) : Texts())
        if (!exists(one)) test.problem = "the test needs a file that is not there: " + one;
}

Test read_test(const Json &given, const std::string &folder) {
    Test test;
    test.id = given["name"].text;
    test.process.argv = given["command"].texts();
    test.process.folder = folder;
    test.process.env = environment();
    for (const Json &property : given["properties"].items) take(test, property["name"].text, property["value"]);
    return test;
}
}  // namespace

Listing ctest_tests(const Job &job, const std::string &work) {
    std::string folder = work + "/build";
    Texts env = with(with(environment(), "RFSN_CPP_WORK", work + "/wrap"), "RFSN_CPP_TREE", real("."));
    Ended ended = run_step(configuring(job, folder), env, "");
    if (ended.code != 0) stop(BROKEN, "cmake cannot configure the project: " + first_error(ended.output) + job.fetched);
    bool ninja = exists(folder + "/build.ninja");
    Texts build = {"cmake", "--build", folder, "-j", "2", "--", "-k"};
    if (ninja) build.push_back("0");
    ended = run_step(build, env, "");
    Listing listing;
    if (ended.code != 0) {
        listing.unbuilt = first_error(ended.output);
        if (listing.unbuilt.empty()) listing.unbuilt = "the build ended with exit code " + std::to_string(ended.code);
    }
    Texts list = {"sh", "-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>/dev/null", "sh", work + "/tests.json",
                  "ctest", "--test-dir", folder, "--show-only=json-v1"};
    list.insert(list.end(), job.choice.begin(), job.choice.end());
    if (run_step(list, environment(), "").code != 0) stop(BROKEN, "ctest cannot list the tests");
    const Json found = parse_json(read_file(work + "/tests.json"));
    for (const Json &given : found["tests"].items) {
        Test test = read_test(given, folder);
        if (!nonce.empty() && has(test.id, nonce)) continue;  // a canary that cmake has found
        bool there = !program_of(test.process).empty();
        test.unbuilt = !there && !listing.unbuilt.empty();
        if (!there && !test.unbuilt) test.problem = "there is no program for the test";
        listing.tests.push_back(test);
    }
    return listing;
}
