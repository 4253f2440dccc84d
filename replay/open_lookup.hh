// A lookup while its packets are still coming in: which types were asked and how each stands, and
// whether a further query can be its own. What tells one lookup from the next on the same name are
// the habits of stub resolvers, measured on glibc 2.36, musl 1.2.3, Go 1.19, c-ares 1.18 and 1.34
// and dig 9.18:
// - a retry comes up to 40 s after the last try (c-ares doubles its 5 s three times), never sooner
//   than a fraction of a second while nothing came back;
// - whatever follows an answer or an error (next type, next server, TCP) follows in milliseconds;
// - glibc asks for everything again when the answer did not fit its buffer of 1024 octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/time.hh"
#include "replay/captured_lookup.hh"
#include "replay/wire_event.hh"

namespace hanglab::replay {

class OpenLookup {
 public:
  OpenLookup(const IpAddress& client, const dns::Question& question, Duration start);

  // Whether a query for this name, now on the wire, continues this lookup. `still_trying`: other
  // sockets of this lookup will send again.
  bool continues_with(const WireEvent& event, const DnsMessage& query, bool still_trying) const;
  // Whether a connection opened now can be its TCP fallback.
  bool expects_tcp(Duration now) const;
  bool stale(Duration now) const;

  void saw_packet(const WireEvent& event);  // counts; once for each packet
  void query(const WireEvent& event, const DnsMessage& query);
  void answer(const WireEvent& event, const DnsMessage& answer);
  void connecting(const WireEvent& event);
  void refused(const WireEvent& event, std::string reason);  // nothing more is to come from this try

  const std::string& name() const { return result_.name; }
  // Without what only the connections know: packets, SYNs and end of TCP.
  CapturedLookup result(Duration capture_end) const;

 private:
  enum class State { pending, truncated, final, error };

  struct Asked {
    std::uint16_t type = 0;
    std::uint16_t id = 0;
    Duration at{};
    bool in_this_round = true;
    State state = State::pending;
    dns::Rcode rcode = dns::noerror;
    std::size_t answers = 0;
  };

  const Asked* find(std::uint16_t type) const;
  bool all_final() const;  // in this round
  bool decided() const;    // in this round: final or an error
  std::size_t answers() const;
  void asks(Endpoint server);

  CapturedLookup result_;
  std::vector<Asked> asked_;
  Duration last_activity_{};
  Duration decided_at_{};
  std::string last_word_;  // why the latest try failed; empty while something is under way
  std::uint64_t last_packet_ = 0;
};

}  // namespace hanglab::replay
