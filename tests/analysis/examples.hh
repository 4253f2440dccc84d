// Attempts and lookups as the worlds write them, for the tests of this folder.
#pragma once

#include <utility>
#include <vector>

#include "core/lookup.hh"

namespace hanglab::analysis {

constexpr Endpoint hypervisor{.address = Ipv4Address{0xc0a87a01}, .port = 53};  // 192.168.122.1:53
constexpr Endpoint second{.address = Ipv4Address{0xc0a87a02}, .port = 53};      // 192.168.122.2:53

inline Attempt udp(std::string result, Duration from, Duration to, std::size_t bytes = 0,
                   Endpoint server = hypervisor) {
  return {.server = server,
          .start = from,
          .end = to,
          .result = std::move(result),
          .bytes = bytes,
          .sends = {from, from + std::chrono::microseconds(12)}};
}

inline Attempt truncated(Duration from, Duration to) {
  auto attempt = udp("truncated", from, to, 497);
  attempt.full_bytes = 4113;
  return attempt;
}

inline Attempt tcp(std::string result, Duration to, std::vector<Duration> syns, std::size_t bytes = 0) {
  return {.server = hypervisor,
          .transport = Transport::tcp,
          .start = syns.front(),
          .end = to,
          .result = std::move(result),
          .bytes = bytes,
          .syns = static_cast<int>(syns.size()),
          .sends = syns};
}

inline Lookup lookup(Outcome outcome, Duration duration, std::vector<Attempt> attempts) {
  return {.scenario = "libvirt-tcp53-drop",
          .host = "vm",
          .client = "glibc-2.28",
          .call = "getaddrinfo",
          .name = "me.mydomain.net",
          .duration = duration,
          .outcome = outcome,
          .error = outcome == Outcome::failed ? "EAI_NONAME" : "",
          .addresses = outcome == Outcome::answered ? std::size_t{255} : 0,
          .censored = outcome == Outcome::hung,
          .attempts = std::move(attempts)};
}

inline std::vector<Duration> seven_syns() {
  using std::chrono::milliseconds;
  return {Duration(310'000),    milliseconds(1'024),  milliseconds(3'040), milliseconds(7'104),
          milliseconds(15'296), milliseconds(31'424), milliseconds(65'536)};
}

// The incident: truncated over UDP, then seven SYNs that nobody answers.
inline Lookup incident(Duration duration = Duration(130'402'843'000)) {
  return lookup(
      Outcome::failed, duration,
      {truncated(Duration(0), Duration(310'000)), tcp("connect ETIMEDOUT", duration, seven_syns())});
}

}  // namespace hanglab::analysis
