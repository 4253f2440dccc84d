// One lookup of a stub client as far as a capture shows it. A capture sees packets, not calls: a
// program that waits for a TCP connection whose SYNs were dropped before the tap leaves nothing to be
// seen, so its lookup has no visible end here and its duration is right-censored: until the last packet that
// shows it alive, which is the least that it took.
// A refusal or an error counts as the end if nothing of the lookup follows it, unless the program has shown
// before that it does not heed such, or the capture stops where Linux, which overlooks an ICMP error that
// meets a busy socket, could still repeat its SYN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"
#include "core/lookup.hh"
#include "core/time.hh"

namespace hanglab::replay {

enum class CapturedEnd {
  answered,     // every type asked has its final answer, and one of them holds records
  failed,       // the last word was a refusal, an error, or that there is nothing under this name
  no_end_seen,  // still waiting, given up in silence, or content with a truncated answer
};

// What came of asking over TCP: the best that any of the lookup's connections reached.
enum class TcpEnd {
  none,        // no TCP to be seen
  unanswered,  // SYNs without any answer
  refused,     // by RST, or by an ICMP error in place of a SYN+ACK
  silent,      // connected, but no whole answer came back
  answered,
};

struct TruncatedAnswer {
  std::size_t bytes = 0;
  std::size_t answers = 0;

  bool operator==(const TruncatedAnswer&) const = default;
};

struct CapturedLookup {
  IpAddress client;
  std::vector<Endpoint> servers{};  // in the order in which they were asked
  std::string name{};               // as first asked
  std::vector<std::uint16_t> types{};

  Duration start{};     // of the first packet, since 1970
  Duration duration{};  // until the packet that ended it, or of no visible end the last that shows it alive
  CapturedEnd end = CapturedEnd::no_end_seen;
  std::string
      reason{};  // of a failure: "NXDOMAIN", "no data", "SERVFAIL" …, "RST", "ICMP 3/3", "closed unanswered"
  std::size_t answers = 0;  // records of the final answers, all types together

  std::size_t packets = 0;
  int rounds = 1;  // how often a settled lookup started over: glibc does, with a larger buffer each time
  int udp_queries = 0;
  int retries = 0;                             // UDP queries beyond the first of each type in a round
  std::optional<TruncatedAnswer> truncated{};  // the first one
  TcpEnd tcp = TcpEnd::none;
  int connections = 0;
  int syns = 0;  // of all connections, repeated ones included
  std::vector<Attempt> attempts{};

  bool censored() const { return end == CapturedEnd::no_end_seen; }
  bool operator==(const CapturedLookup&) const = default;
};

std::string_view to_string(CapturedEnd end);
std::string_view to_string(TcpEnd end);

}  // namespace hanglab::replay
