// Lookups as the worlds write them, for the tests of this folder.
#pragma once

#include "core/lookup.hh"

namespace hanglab::records {

constexpr Endpoint hypervisor{.address = Ipv4Address{0xc0a87a01}, .port = 53};  // 192.168.122.1:53

// The incident: truncated over UDP after 0.31 ms, then seven SYNs that nobody answers.
inline Lookup incident(std::uint64_t run = 3) {
  using std::chrono::milliseconds;
  return {.scenario = "libvirt-tcp53-drop",
          .run = run,
          .seed = 42,
          .host = "vm",
          .client = "glibc-2.28",
          .call = "getaddrinfo",
          .name = "me.mydomain.net",
          .duration = Duration(130'902'843'001),
          .outcome = Outcome::failed,
          .error = "EAI_NONAME",
          .attempts = {
              {.server = hypervisor,
               .end = Duration(310'000),
               .result = "truncated",
               .bytes = 497,
               .full_bytes = 4113,
               .sends = {Duration(0), Duration(12'000)}},
              {.server = hypervisor,
               .transport = Transport::tcp,
               .start = Duration(310'000),
               .end = Duration(130'902'843'001),
               .result = "connect ETIMEDOUT",
               .syns = 7,
               .sends = {Duration(310'000), milliseconds(1'024), milliseconds(3'040), milliseconds(7'104),
                         milliseconds(15'296), milliseconds(31'424), milliseconds(65'536)}}}};
}

inline Lookup still_hanging() {
  return {.scenario = "datadrop",
          .run = 18'446'744'073'709'551'615u,
          .seed = 9'223'372'036'854'775'808u,
          .host = "vm-2",
          .client = "glibc-2.36",
          .call = "getaddrinfo",
          .name = "quote\"back\\slash",
          .start = std::chrono::seconds(5),
          .duration = std::chrono::seconds(600),
          .outcome = Outcome::hung,
          .censored = true};
}

}  // namespace hanglab::records
