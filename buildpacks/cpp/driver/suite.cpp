// Runs the tests that were asked for, and reports what became of each.
#include "driver.h"

#include <algorithm>
#include <set>
#include <sys/stat.h>

namespace {
const char *const UNBUILT = "the code does not compile: ";  // what the pack knows such messages by

struct Line {
    std::string id;
    Result result;
};

struct Suite {
    const Job &job;
    const Listing &listing;
    std::vector<Line> cases;
    std::map<std::string, std::string> canaries;  // outcomes by id
    std::map<std::string, std::string> files;     // what the file system says of the programs
    std::set<std::string> done, failed;
    double budget = 0;

    bool wants(const std::string &id) const {
        auto fits = [&](const std::string &asked) { return asked == id || starts(asked, id + "::") || starts(id, asked + "::"); };
        return job.ids.empty() || std::any_of(job.ids.begin(), job.ids.end(), fits);
    }

    bool reports(const std::string &id) const {
        auto fits = [&](const std::string &asked) { return asked == id || starts(id, asked + "::"); };
        return job.ids.empty() || std::any_of(job.ids.begin(), job.ids.end(), fits);
    }

    // Whether somebody knows of a test by this id, from an earlier run.
    bool known(const std::string &id) const {
        return job.limits.count(id) || std::find(job.ids.begin(), job.ids.end(), id) != job.ids.end();
    }

    double limit(const std::string &id) const {
        auto own = job.limits.find(id);
        return own != job.limits.end() ? own->second : budget > 0 ? job.limit : job.limit / 4;
    }

    void add(const std::string &id, const Result &result) {
        if (result.outcome == "timeout") budget -= limit(id);
        if (reports(id)) cases.push_back({id, result});
    }

    static std::string mark(const std::string &path) {
        struct stat status {};
        if (path.empty() || stat(path.c_str(), &status) != 0) return "";
        return std::to_string(status.st_ino) + " " + std::to_string(status.st_size) + " " + std::to_string(status.st_ctim.tv_sec) + "." + std::to_string(status.st_ctim.tv_nsec);
    }

    void intact(const std::string &path) const {
        auto before = files.find(path);
        if (before != files.end() && before->second != mark(path)) stop(BROKEN, "a test changed the files of the test run: " + name_of(path));
    }

    // A test that does not compile; those that an earlier run knew are added at the end.
    void fail_unbuilt(const Test &test) {
        Result result{"error", UNBUILT + listing.unbuilt, 0};
        bool known = false;  // by its cases
        for (const auto &[id, limit] : job.limits) known = known || starts(id, test.id + "::");
        if (reports(test.id) && !known) cases.push_back({test.id, result});
    }

    void note(const std::string &id, const Texts &outcomes) {
        for (const std::string &outcome : outcomes) {
            std::string &known = canaries[id];
            if (known.empty() || outcome != "failed") known = outcome.empty() ? "passed" : outcome;
        }
    }

    // The canaries of a program in which no test came to its end.
    void probe(const Test &test, const Program &program, const std::string &id) {
        Texts outcomes;
        if (program.kind == Program::BARE) {
            Process process = test.process;
            process.mode = "probe";
            Ended ended = run_process(process, job.limit, 5 * job.limit);
            std::string outcome = canaries_of(ended);
            if (!outcome.empty()) outcomes.push_back(outcome);
        } else {
            run_case(test, program, "", job.limit, outcomes);
        }
        if (outcomes.empty()) canaries[id];
        note(id, outcomes);
    }

    void run_program(const Test &test) {
        std::string path = program_of(test.process);
        intact(path);
        Program program = program_in(test, job);
        std::string canary = test.id + "::rfsn-" + nonce;
        bool alone = program.kind == Program::BARE || (program.cases.size() == 1 && std::find(test.process.argv.begin(), test.process.argv.end(), "--gtest_filter=" + program.cases[0]) != test.process.argv.end());
        Result all{"passed", "", 0};
        for (const std::string &name : program.kind == Program::BARE ? Texts{""} : program.cases) {
            std::string id = alone ? test.id : test.id + "::" + name;
            if (!wants(id) && !done.count(test.id)) continue;
            intact(path);
            Texts outcomes;
            Result result = has(name, "DISABLED_") ? Result{"skipped", "", 0} : run_case(test, program, name, limit(id), outcomes);
            if (result.outcome == "passed" || program.kind == Program::BARE) note(canary, outcomes);
            if (result.outcome != "passed" && result.outcome != "skipped") all = result, failed.insert(test.id);
            add(id, result);
        }
        if (!alone && known(test.id)) cases.push_back({test.id, all});
        if (program.marked && !canaries.count(canary)) probe(test, program, canary);
        if (program.marked && !program.problem.empty()) canaries[canary] = "passed";
    }

    void run(const Test &test) {
        if (!done.insert(test.id).second) return;
        for (const Test &other : listing.tests) {
            bool before = std::find(test.after.begin(), test.after.end(), other.id) != test.after.end() && wants(other.id);
            for (const std::string &fixture : test.needs) before = before || std::find(other.setup.begin(), other.setup.end(), fixture) != other.setup.end();
            if (before) run(other);
            if (before && failed.count(other.id) && !test.needs.empty() && !other.setup.empty()) {
                failed.insert(test.id);
                return add(test.id, {"error", "the test needs " + other.id + ", which failed", 0});
            }
        }
        if (test.unbuilt) return fail_unbuilt(test);
        if (test.disabled) return add(test.id, {"skipped", "the test is disabled", 0});
        if (!test.problem.empty()) return add(test.id, {"error", test.problem, 0});
        run_program(test);
    }

    // What an earlier run had and this one cannot list fails because it does not compile.
    void fail_missing() {
        std::set<std::string> ids(job.ids.begin(), job.ids.end());
        for (const auto &[id, limit] : job.limits)
            if (job.ids.empty()) ids.insert(id);
        for (const Line &line : cases) ids.erase(line.id);
        if (listing.unbuilt.empty()) return;
        for (const std::string &id : ids) cases.push_back({id, {"error", UNBUILT + listing.unbuilt, 0}});
    }

    // Of a run without a program that canaries were compiled into: one of our own shows the compiler alone.
    void own_canary() {
        bool sees = std::any_of(listing.tests.begin(), listing.tests.end(), [](const Test &test) { return test.process.witnessed; });
        if (sees && canaries_compiled(scratch)) {  // and they are gone from the programs
            canaries["rfsn-" + nonce] = "passed";
            return;
        }
        write_file(scratch + "/rfsn_canary.c", "#include <assert.h>\nint main(void) { assert(1 == 2); return 0; }\n");
        Ended built = run_step({"cc", "-o", scratch + "/rfsn_canary", scratch + "/rfsn_canary.c"}, environment(), "");
        Process process;
        process.argv = {scratch + "/rfsn_canary"};
        process.env = environment();
        Ended ended = run_process(process, job.limit, 5 * job.limit);
        canaries["rfsn-" + nonce] = built.code == 0 && ended.code == 128 + 6 ? "failed" : "passed";
    }

    int report() {
        if (job.canaries && canaries.empty() && !cases.empty()) own_canary();
        int code = cases.empty() ? job.ids.empty() ? NO_TESTS : REFUSED : PASSED;
        if (code == REFUSED) fprintf(stderr, "refused: there is no test %s\n", job.ids[0].c_str());
        for (const auto &[id, outcome] : canaries) write_canary(id);
        for (const auto &[id, outcome] : canaries) {
            if (!outcome.empty()) write_case(id, outcome, 0, "");
            if (outcome == "failed") code = FAILED;
        }
        for (const Line &line : cases) {
            const std::string &outcome = line.result.outcome;
            write_case(line.id, outcome, line.result.seconds, line.result.message);
            if (outcome == "failed" || outcome == "error" || outcome == "timeout") code = FAILED;
        }
        write_end(code);
        return code;
    }
};
}  // namespace

int run_suite(const Job &job, const Listing &given) {
    Listing listing = given;
    Suite suite{job, listing, {}, {}, {}, {}, {}, job.budget};
    for (Test &test : listing.tests) {
        std::string path = program_of(test.process);
        std::string data = read_file(path);
        bool system = starts(path, "/usr/") || starts(path, "/bin/") || starts(path, "/opt/");
        test.process.witnessed = !system && starts(data, "\x7f" "ELF") && has(data, "/ld-");
        if (!system) suite.files[path] = Suite::mark(path);
    }
    for (const Test &test : listing.tests)
        if (test.cleanup.empty() && suite.wants(test.id)) suite.run(test);
    for (const Test &test : listing.tests)
        if (!test.cleanup.empty() && suite.wants(test.id)) suite.run(test);
    suite.fail_missing();
    return suite.report();
}
