// The way out for results: signed lines on the driver's standard output, which no child has.
#include "driver.h"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sys/prctl.h>
#include <unistd.h>

namespace {
const uint32_t ROUNDS[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t turned(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

void mix(uint32_t state[8], const unsigned char *block) {
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = static_cast<uint32_t>(block[4 * i]) << 24 | static_cast<uint32_t>(block[4 * i + 1]) << 16 |
               static_cast<uint32_t>(block[4 * i + 2]) << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t low = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t high = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + low + w[i - 7] + high;
    }
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t high = turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25);
        uint32_t first = v[7] + high + ((v[4] & v[5]) ^ (~v[4] & v[6])) + ROUNDS[i] + w[i];
        uint32_t low = turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22);
        uint32_t second = low + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += first;
        v[0] = first + second;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
}

std::string sha256(std::string data) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint64_t bits = data.size() * 8ULL;
    data += '\x80';
    while (data.size() % 64 != 56) data += '\0';
    for (int shift = 56; shift >= 0; shift -= 8) data += static_cast<char>(bits >> shift);
    for (size_t place = 0; place < data.size(); place += 64) mix(state, reinterpret_cast<const unsigned char *>(&data[place]));
    std::string digest;
    for (uint32_t word : state)
        for (int shift = 24; shift >= 0; shift -= 8) digest += static_cast<char>(word >> shift);
    return digest;
}

std::string key;
uint64_t number = 0;

void write_line(const std::string &result) {
    std::string counted;
    for (int shift = 56; shift >= 0; shift -= 8) counted += static_cast<char>(number >> shift);
    number++;
    std::string line, mac = hmac_sha256(key, counted + result);
    char pair[3];
    for (unsigned char byte : mac) {
        snprintf(pair, sizeof pair, "%02x", byte);
        line += pair;
    }
    line += " " + result + "\n";
    for (size_t done = 0; done < line.size();) {
        ssize_t count = write(1, line.data() + done, line.size() - done);
        if (count <= 0) stop(BROKEN, "cannot write results");
        done += static_cast<size_t>(count);
    }
}
}  // namespace

std::string hmac_sha256(const std::string &secret, const std::string &data) {
    std::string padded = secret.size() > 64 ? sha256(secret) : secret, inner, outer;
    padded.resize(64, '\0');
    for (char sign : padded) {
        inner += static_cast<char>(sign ^ 0x36);
        outer += static_cast<char>(sign ^ 0x5c);
    }
    return sha256(outer + sha256(inner + data));
}

// The job is read and the ways that lead to it are closed: nobody may look into this process from now on, and what tests
// leave running becomes its child.
Job opened() {
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) stop(BROKEN, "prctl failed");
    std::string data;
    char chunk[65536];
    for (ssize_t count; (count = read(0, chunk, sizeof chunk)) > 0;) data.append(chunk, static_cast<size_t>(count));
    Json asked = parse_json(data);
    Job job;
    for (size_t place = 0; place + 1 < asked["key"].text.size(); place += 2)
        key += static_cast<char>(std::stoi(asked["key"].text.substr(place, 2), nullptr, 16));
    if (key.empty()) stop(BROKEN, "no key");
    job.kind = asked["kind"].text;
    job.ids = asked["ids"].texts();
    job.command = asked["command"].texts();
    job.settings = asked["settings"].texts();
    job.choice = asked["choice"].texts();
    job.fetched = asked["fetched"].text;
    job.limit = asked["case_limit_s"].or_else(job.limit);
    job.budget = asked["hang_budget_s"].or_else(job.budget);
    job.canaries = asked["canaries"].truth;
    for (const auto &[id, limit] : asked["limits"].fields) job.limits[id] = limit.or_else(job.limit);
    return job;
}

void write_canary(const std::string &id) { write_line("{\"canary\": " + quoted(id) + "}"); }

void write_case(const std::string &id, const std::string &outcome, double seconds, const std::string &message) {
    write_line("{\"case\": " + quoted(id) + ", \"outcome\": " + quoted(outcome) + ", \"duration_s\": " +
               std::to_string(seconds) + ", \"message\": " + quoted(message.substr(0, 4000)) + "}");
}

void write_end(int code) { write_line("{\"end\": " + std::to_string(code) + "}"); }
