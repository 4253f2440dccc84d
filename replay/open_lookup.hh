// A lookup while its packets are still coming in: which types were asked and how each stands, and
// whether a further query can be its own. What tells one lookup from the next on the same name are
// the habits of stub resolvers, measured on glibc 2.36, musl 1.2.3, Go 1.19, c-ares 1.18 and 1.34
// and dig 9.18:
// - a retry comes up to 40 s after the last try (c-ares doubles its 5 s three times), never sooner
//   than a fraction of a second while nothing came back;
// - a try over TCP ends up to twice the last distance of its SYNs after the last of them, as Linux gives up;
// - whatever follows an answer or an error (next type, next server, TCP) follows in milliseconds, unless the
//   program does not heed the error and repeats its query in its own time (musl, dnspython);
// - glibc asks for everything again when the answer did not fit its buffer of 1024 octets.
//
// Two programs of one client that ask for one name cannot be told apart at once: a query that repeats another
// from a new socket joins the lookup, and if an older socket goes on sending after all, is taken out again
// with all that came after it (split).
#pragma once

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/time.hh"
#include "replay/captured_lookup.hh"
#include "replay/lookup_step.hh"

namespace hanglab::replay {

// One of the client's sockets in a lookup.
struct SocketUse {
  std::size_t socket = 0;
  std::uint16_t port = 0;  // the client's
  Transport transport = Transport::udp;
  bool repeats = false;  // joined with a query that had been asked before
  bool guess = false;    // a connection that has not asked anything yet
  Duration opened_at{};
  std::uint64_t last_packet = 0;
  std::size_t packets = 0;
  int syns = 0;
  bool established = false;
  bool refused = false;  // before it was established
  bool answered = false;
  bool over = false;  // a FIN or RST was seen

  TcpEnd end() const;
};

class OpenLookup {
 public:
  OpenLookup(const IpAddress& client, std::string name, Duration start);

  // Whether a query for this name, now on the wire, continues this lookup; unless other sockets of it go on
  // sending.
  bool continues_with(const WireEvent& event, const DnsMessage& query) const;
  bool repeats(const DnsMessage& query) const;
  // Whether a connection opened now can be its TCP fallback.
  bool expects_tcp(Duration now) const;
  // When it is over, or given up as one whose end is not seen, if nothing comes before.
  Duration deadline() const;

  SocketUse* use(std::size_t socket);
  void join(const SocketUse& use);
  void take(const LookupStep& step);
  // A sign of life: a packet that the client sent.
  void sent(Duration at) { last_sign_ = std::max(last_sign_, at); }

  // The first socket to have repeated a query after `socket` joined; nothing if there is none.
  std::optional<std::size_t> repeated_after(std::size_t socket) const;
  // Connections without a query that joined after `socket`.
  std::vector<std::size_t> guessed_after(std::size_t socket) const;
  // Takes out this socket and all that joined after it, as a lookup of its own.
  OpenLookup split_from(std::size_t socket);
  // Takes out this socket alone; its steps go to `steps`.
  SocketUse leave(std::size_t socket, std::vector<LookupStep>& steps);
  // For further steps; none beyond are kept.
  bool has_room() const { return steps_.size() < most_steps; }

  const IpAddress& client() const { return result_.client; }
  const std::string& name() const { return result_.name; }
  Duration start() const { return result_.start; }
  bool truncated() const { return result_.truncated.has_value(); }
  std::span<const LookupStep> steps() const { return {steps_.data(), steps_.size()}; }
  std::span<const SocketUse> uses() const { return {uses_.data(), uses_.size()}; }
  // `capture_end`, if nothing but that ended it.
  CapturedLookup result(bool with_attempts, std::optional<Duration> capture_end) &&;

 private:
  enum class State : std::uint8_t { pending, truncated, final, error };

  struct Asked {
    std::uint16_t type = 0;
    std::uint16_t id = 0;
    bool in_this_round = true;
    State state = State::pending;
    dns::Rcode rcode = dns::noerror;
    Duration at{};
    std::size_t answers = 0;
  };

  static constexpr std::size_t most_steps = 512;
  static constexpr std::size_t most_types = 16;
  static constexpr std::size_t most_uses = 64;
  static constexpr std::size_t most_servers = 16;
  // Of A and AAAA, asked of one server and answered at once; more is held apart.
  static constexpr std::size_t usual_servers = 1;
  static constexpr std::size_t usual_types = 2;
  static constexpr std::size_t usual_uses = 2;
  static constexpr std::size_t usual_steps = 4;

  const Asked* find(std::uint16_t type) const;
  bool all_final() const;  // in this round
  bool decided() const;    // in this round: final or an error
  bool stale(Duration now) const { return now - last_activity_ > longest_pause(); }
  Duration longest_pause() const;
  std::size_t answers() const;
  void asks(const Endpoint& server);
  void follow(const LookupStep& step);
  void query(const LookupStep& step);
  void answer(const LookupStep& step);
  void refused(const LookupStep& step);
  // Whether the latest SYN, its connection's first, is still to be repeated though an ICMP error was about
  // it: Linux overlooks one that comes while connect() holds the socket, but none for a later SYN.
  bool may_repeat_syn(Duration now) const;
  void heed(Duration at);
  void retell();  // from the steps that are left

  CapturedLookup result_;
  std::size_t latest_socket_ = 0;  // to have joined
  Duration last_activity_{};
  Duration decided_at_{};
  Duration last_sign_{};
  Duration last_syn_{};
  Duration syn_distance_{};
  std::optional<TryEnd> last_word_;  // why the latest try failed; nothing while something is under way
  bool heedless_ = false;            // of errors: it went on waiting after one
  boost::container::small_vector<Asked, usual_types> asked_;
  boost::container::small_vector<SocketUse, usual_uses> uses_;  // in the order in which they joined
  boost::container::small_vector<Endpoint, usual_servers> servers_;
  boost::container::small_vector<LookupStep, usual_steps> steps_;
};

}  // namespace hanglab::replay
