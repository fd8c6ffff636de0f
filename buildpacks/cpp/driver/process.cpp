// Processes with limits; whatever they leave running is ended.
#include "driver.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
const std::string OWN = "/env";

namespace {
const double IDLE = 0.05;
const long MEMORY = 2048;  // MiB
const size_t KEPT = 1 << 16;
const int SECRET = 190, REPORT = 191;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The fields of /proc/PID/stat after the name, which may contain anything.
Texts status_of(int pid) {
    std::string data = read_file("/proc/" + std::to_string(pid) + "/stat");
    Texts fields;
    size_t from = data.rfind(')');
    if (from == std::string::npos) return fields;
    for (size_t to; (from = data.find_first_not_of(" )\n", from)) != std::string::npos; from = to) {
        to = std::min(data.find(' ', from), data.size());
        fields.push_back(data.substr(from, to - from));
    }
    return fields;
}

// The CPU time of a process, with that of its dead children, and its memory in MiB.
void usage(int pid, double &cpu, long &memory) {
    Texts fields = status_of(pid);
    if (fields.size() < 22) return;
    cpu = 0;
    for (size_t place = 11; place < 15; place++) cpu += atof(fields[place].c_str()) / static_cast<double>(sysconf(_SC_CLK_TCK));
    memory = atol(fields[21].c_str()) * (sysconf(_SC_PAGESIZE) >> 10) >> 10;
}

// What a process left running is this process's child now.
void sweep() {
    for (;;) {
        int gone = waitpid(-1, nullptr, WNOHANG);
        if (gone > 0) continue;
        if (gone < 0 && errno == ECHILD) return;
        DIR *folder = opendir("/proc");
        while (dirent *entry = folder ? readdir(folder) : nullptr) {
            int pid = atoi(entry->d_name);
            if (pid <= 0) continue;
            Texts fields = status_of(pid);
            if (fields.size() > 1 && atoi(fields[1].c_str()) == getpid()) kill(pid, SIGKILL);
        }
        if (folder) closedir(folder);
        usleep(1000);
    }
}

struct Pipe {
    int from = -1, to = -1;
    Pipe() {
        int pair[2];
        if (pipe2(pair, O_CLOEXEC) != 0) stop(BROKEN, "no pipe");
        from = pair[0], to = pair[1];
    }
    ~Pipe() {
        if (from >= 0) close(from);
        if (to >= 0) close(to);
    }
    void begun() {
        close(to);
        to = -1;
        fcntl(from, F_SETFL, O_NONBLOCK);
    }
    // What is there now: its beginning and its end are kept.
    void take(std::string &text) {
        char chunk[65536];
        for (ssize_t count; (count = read(from, chunk, sizeof chunk)) > 0;) {
            text.append(chunk, static_cast<size_t>(count));
            if (text.size() > 4 * KEPT) text.erase(KEPT, text.size() - 3 * KEPT);
        }
    }
};

std::vector<char *> pointers(const Texts &texts) {
    std::vector<char *> found;
    for (const std::string &text : texts) found.push_back(const_cast<char *>(text.c_str()));
    found.push_back(nullptr);
    return found;
}

Texts witnessing(Texts env, const std::string &mode) {
    env = with(env, "LD_PRELOAD", OWN + "/lib/rfsn-witness.so");
    std::string options = "verify_asan_link_order=0";
    for (const std::string &one : env)
        if (starts(one, "ASAN_OPTIONS=")) options = one.substr(13) + ":" + options;
    env = with(env, "ASAN_OPTIONS", options);
    return with(env, "RFSN_WITNESS", std::to_string(SECRET) + " " + std::to_string(REPORT) + " " + mode);
}

[[noreturn]] void become(const Process &process, const Pipe &output, const Pipe &secret, const Pipe &report) {
    setpgid(0, 0);
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, 0);
    dup2(output.to, 1);
    dup2(output.to, 2);
    if (process.witnessed) {
        dup2(secret.from, SECRET);
        dup2(report.to, REPORT);
    }
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    Texts env = process.witnessed ? witnessing(process.env, process.mode) : process.env;
    struct stat in, out;
    if (process.mode == "record" && fstat(0, &in) == 0 && fstat(1, &out) == 0)
        env = with(env, "RFSN_STREAMS", std::to_string(in.st_ino) + " " + std::to_string(out.st_ino));
    std::vector<char *> argv = pointers(process.argv), variables = pointers(env);
    if (!process.folder.empty() && chdir(process.folder.c_str()) != 0) _exit(127);
    environ = variables.data();
    execvp(argv[0], argv.data());
    const char *why = strerror(errno);
    if (write(2, why, strlen(why)) < 0) _exit(126);
    _exit(127);
}
}  // namespace

Texts environment() {
    Texts found;
    for (char **one = environ; *one; one++) found.push_back(*one);
    return found;
}

Texts with(Texts env, const std::string &name, const std::string &value) {
    env.erase(std::remove_if(env.begin(), env.end(), [&](const std::string &one) { return starts(one, name + "="); }), env.end());
    env.push_back(name + "=" + value);
    return env;
}

Ended run_process(const Process &process, double cpu_s, double wall_s) {
    Pipe output, secret, report;
    std::string word = hex_of_random(32), reported;
    if (write(secret.to, word.data(), word.size()) < 0) stop(BROKEN, "no pipe");
    double begin = now();
    pid_t pid = fork();
    if (pid < 0) stop(BROKEN, "cannot start a process");
    if (pid == 0) become(process, output, secret, report);
    output.begun();
    report.begun();
    Ended ended;
    int status = 0;
    for (int gone = 0; gone != pid;) {
        pollfd ways[2] = {{output.from, POLLIN, 0}, {report.from, POLLIN, 0}};
        poll(ways, 2, 5);
        if ((ways[0].revents | ways[1].revents) & POLLHUP) usleep(500);
        output.take(ended.output);
        report.take(reported);
        if ((gone = waitpid(pid, &status, WNOHANG)) == pid || cpu_s <= 0) continue;
        double cpu = 0, waited = now() - begin;
        long memory = 0;
        usage(pid, cpu, memory);
        char text[100] = "";
        if (memory > MEMORY)
            snprintf(text, sizeof text, "it used more than %ld MiB of memory", MEMORY);
        else if (cpu > cpu_s || (waited > wall_s && cpu > IDLE * cpu_s))
            snprintf(text, sizeof text, "rfsn: over the limit of %g s", cpu > cpu_s ? cpu_s : wall_s);
        else if (waited > wall_s)
            snprintf(text, sizeof text, "rfsn: over the limit of %g s of waiting", wall_s);
        if (!*text) continue;
        ended.over = text;
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
        gone = pid;
    }
    kill(-pid, SIGKILL);
    sweep();
    output.take(ended.output);
    report.take(reported);
    for (const std::string &line : lines(reported))
        if (starts(line, word + " ")) ended.report += line.substr(word.size() + 1) + "\n";
    ended.seconds = now() - begin;
    ended.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return ended;
}

Ended run_step(const Texts &argv, const Texts &env, const std::string &folder) {
    Process process;
    process.argv = argv;
    process.env = env;
    process.folder = folder;
    return run_process(process, 0, 0);
}

// The file that a process runs; empty if there is none.
std::string program_of(const Process &process) {
    const std::string &name = process.argv.empty() ? std::string() : process.argv[0];
    if (has(name, "/")) return real(starts(name, "/") ? name : process.folder + "/" + name);
    std::string path = "/usr/local/bin:/usr/bin:/bin";
    for (const std::string &one : process.env)
        if (starts(one, "PATH=")) path = one.substr(5);
    for (size_t from = 0; from <= path.size() && !name.empty();) {
        size_t to = std::min(path.find(':', from), path.size());
        std::string place = path.substr(from, to - from) + "/" + name;
        if (access(place.c_str(), X_OK) == 0) return real(place);
        from = to + 1;
    }
    return "";
}
