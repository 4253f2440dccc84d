// One thing that happened in a lookup, as small as keeping many of them asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/address.hh"
#include "core/dns.hh"
#include "core/lookup.hh"
#include "core/time.hh"
#include "replay/wire_event.hh"

namespace hanglab::replay {

// Why nothing more is to come from one try.
struct TryEnd {
  enum class Kind : std::uint8_t { reset, icmp, closed_by_client, closed_by_server };

  Kind kind = Kind::reset;
  IcmpNotice icmp{};

  bool operator==(const TryEnd&) const = default;
};

std::string to_string(const TryEnd& end);  // "RST", "ICMP 3/3", "closed unanswered", "closed by the server"

struct LookupStep {
  enum class What : std::uint8_t { query, answer, connecting, connected, refused };

  What what = What::query;
  Transport transport = Transport::udp;
  bool truncated = false;
  dns::Rcode rcode = dns::noerror;
  std::optional<std::uint16_t> type{};  // nothing for an answer without a question
  std::uint16_t id = 0;
  std::uint16_t answers = 0;
  std::uint16_t size = 0;  // of the message
  TryEnd end{};
  std::size_t socket = 0;
  Duration at{};  // since 1970
  Endpoint server{};
};

}  // namespace hanglab::replay
