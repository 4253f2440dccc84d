// What a lookup was and what came of it: the record that both worlds write, that statistics, plots
// and comparisons read. One Lookup is one call of a program (getaddrinfo, dig …) until it returned
// or the observation window closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"
#include "core/time.hh"

namespace hanglab {

enum class Outcome { answered, failed, hung };
enum class Transport { udp, tcp };

// One exchange with one server over one transport: from the first query sent (UDP) or connect()
// called (TCP) until it was decided.
struct Attempt {
  Endpoint server;
  Transport transport = Transport::udp;
  Duration start{};  // since the lookup began
  Duration end{};    // since the lookup began; the window's end where nothing decided it
  // What decided it: "answered", "truncated", "timeout", "ICMP error", "no answer" (by the lookup's end),
  // "NXDOMAIN", "SERVFAIL" …, "EOF", or the failing call with its errno: "connect ETIMEDOUT", "send EPERM".
  std::string result{};
  std::size_t bytes = 0;                    // DNS message size of the first answer, 0: none came
  std::optional<std::size_t> full_bytes{};  // of a truncated answer: its size uncut, where known
  int syns = 0;                             // TCP: SYNs sent, the first included
  // TCP: when each SYN left, since the lookup began; UDP: when each query datagram left.
  std::vector<Duration> sends{};

  bool operator==(const Attempt&) const = default;
};

struct Lookup {
  std::string scenario;
  std::uint64_t run = 0;
  std::uint64_t seed = 0;
  std::string host;
  std::string client;  // software and version: "glibc-2.36"
  std::string call;    // "getaddrinfo"
  std::string name;
  Duration start{};     // since the run began
  Duration duration{};  // until the call returned, or until observation ended (censored)
  Outcome outcome = Outcome::hung;
  std::string error{};        // "EAI_NONAME"; empty when answered or hung
  std::size_t addresses = 0;  // how many the call returned
  bool censored = false;      // observation ended first: the true duration is longer
  std::vector<Attempt> attempts{};

  bool operator==(const Lookup&) const = default;
};

std::string_view to_string(Outcome outcome);
std::string_view to_string(Transport transport);
std::optional<Outcome> parse_outcome(std::string_view text);
std::optional<Transport> parse_transport(std::string_view text);

}  // namespace hanglab
