// Finds the lookups of each stub client in a capture. Queries of one client for one name that follow
// each other as a stub resolver's do are one lookup: A and AAAA, UDP retries, TCP after truncation,
// and glibc's repetitions of the whole (replay/open_lookup.hh has the rules). Names that a search list
// makes of one call are lookups of their own.
//
// A lookup is handed out when it is over, or when nothing more of it is to be expected; so they come in the
// order of their ends. What is held meanwhile is bounded, and if there are too many open lookups at once,
// those that would end first are handed out early and counted.
//
// Two programs of one client that ask for one name are told apart by what their sockets do: a socket
// that goes on sending after another one has asked belongs to another lookup. Connections refused or
// unanswered from the start carry no name; they are laid to the lookup that was waiting for one.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/time.hh"
#include "replay/captured_lookup.hh"
#include "replay/endpoint_hash.hh"
#include "replay/hash_places.hh"
#include "replay/open_lookup.hh"
#include "replay/wire_event.hh"

namespace hanglab::replay {

// DNS traffic that is in no lookup.
struct UnplacedTraffic {
  std::size_t unreadable_messages = 0;  // on port 53, but no DNS message
  std::size_t not_stub_messages = 0;    // queries without RD (between servers), other opcodes
  std::size_t unmatched_answers = 0;  // to a query that the capture does not hold, or after its lookup's end
  std::size_t unmatched_icmp = 0;     // about a UDP socket that asked nothing
  std::size_t nameless_connections = 0;  // TCP without a query, while no lookup waited for it
  std::size_t lookups_given_up = 0;      // handed out before their end: too many at once
  StreamCounts streams{};

  bool operator==(const UnplacedTraffic&) const = default;
};

class LookupFinder {
 public:
  using Take = std::function<void(CapturedLookup&& lookup)>;
  struct Options {
    std::size_t most_open = 40'000;
    bool attempts = true;  // tell them
  };

  explicit LookupFinder(Take take) : LookupFinder(std::move(take), Options()) {}
  LookupFinder(Take take, Options options);

  // In the order of time, give or take the disorder of a capture.
  void add(const CapturedPacket& packet);
  // Hands out all that are still open when the capture ends, since 1970.
  void finish(Duration capture_end);

  UnplacedTraffic unplaced() const;

 private:
  struct Held : Placed<Held> {  // by a hash of the client and the name
    explicit Held(OpenLookup&& open) : lookup(std::move(open)) {}

    OpenLookup lookup;
    std::uint64_t number = 0;  // in the order in which they were opened
    Duration looked_at{};      // again, then: at its deadline or before it
    boost::intrusive::set_member_hook<> look{};
    bool expecting = false;    // TCP
    bool in_by_query = false;  // may be
    std::list<Held>::iterator self{};
  };
  struct Sooner {
    bool operator()(const Held& a, const Held& b) const {
      return a.looked_at != b.looked_at ? a.looked_at < b.looked_at : a.number < b.number;
    }
  };
  using Looks = boost::intrusive::set<
      Held, boost::intrusive::compare<Sooner>,
      boost::intrusive::member_hook<Held, boost::intrusive::set_member_hook<>, &Held::look>>;
  struct Connection {
    Held* lookup = nullptr;
    SocketUse apart{};  // while it is in no lookup
    std::vector<LookupStep> steps_apart{};
    bool served = false;  // a lookup that is over
  };
  // While a lookup that uses it is open.
  struct UdpSocket : Placed<UdpSocket> {  // by a hash of the client
    Endpoint client;
    std::size_t number = 0;
    std::size_t users = 0;
    Held* latest = nullptr;  // of them, unless it is over
    boost::container::small_vector<std::pair<std::uint16_t, Held*>, 2>
        asked{};  // by id; by_query_ has those for which there is no room
    std::list<UdpSocket>::iterator self{};
  };
  struct QueryHash {
    std::size_t operator()(const std::pair<std::size_t, std::uint16_t>& query) const {
      return mixed(query.first << 16 ^ query.second);
    }
  };

  void place_udp(WireEvent& event);
  void place_tcp(const WireEvent& event);
  void claim(const WireEvent& event, Connection& connection);
  void signal(const WireEvent& event, TcpSignal signal, Connection& connection);
  void icmp_of_tcp(const WireEvent& event, const IcmpNotice& notice, Connection& connection);
  void icmp_of_udp(const WireEvent& event, const IcmpNotice& notice, const UdpSocket* udp);
  void query(const WireEvent& event, const DnsMessage& query, Connection* connection, UdpSocket* udp);
  Held* who_asked(const UdpSocket* udp, std::size_t socket, std::uint16_t id) const;
  Held* find_on(const UdpSocket& udp, const WireEvent& event, const DnsMessage& query) const;
  void remember(std::size_t socket, std::uint16_t id, Held& held, UdpSocket* udp);
  void answer(const WireEvent& event, const DnsMessage& answer, const UdpSocket* udp);

  Held* find_lookup(std::uint64_t name, const WireEvent& event, const DnsMessage& query);
  Held* waiting_for_tcp(const WireEvent& event, const Held* not_this = nullptr);
  Held& open(std::uint64_t name, const WireEvent& event, const DnsMessage& query, Duration start);
  Held& hold(std::uint64_t name, OpenLookup&& lookup);
  UdpSocket* find_udp_socket(const Endpoint& client) const;
  UdpSocket& udp_socket(const Endpoint& client);
  void bring(Connection& connection, Held& to);
  void take_over(Held& to, const std::vector<LookupStep>& steps);
  void happened(Connection& connection, const LookupStep& step);
  void move_connection(const WireEvent& event, Held& to, Connection& connection);
  // A socket of a lookup sends again: what came after it may be another lookup's.
  void sends_again(const WireEvent& event, Held& held);
  void split(Held& held, std::size_t from_socket);
  void take(Held& held, const LookupStep& step);
  void look_again(Held& held);
  void look_at(Held& held, Duration then);
  void close(Held& held, std::optional<Duration> capture_end = {});
  void leave_udp_socket(Held& held, const SocketUse& use);
  void leave_connection(Held& held, const SocketUse& use);
  void close_until(Duration now);
  void forget(std::size_t socket);
  static SocketUse& use_of(const WireEvent& event, Connection& connection);
  static Duration begin_of(const WireEvent& event, Connection* connection);

  Take take_;
  Options options_;
  WireReader wire_;
  Duration now_{};
  std::uint64_t next_number_ = 0;

  std::list<Held> lookups_;
  Looks next_looks_;  // at all of them
  HashPlaces<Held> by_name_;
  std::unordered_map<IpAddress, std::vector<Held*>, EndpointHash> expecting_;  // a truncated answer came
  std::list<UdpSocket> udp_sockets_;
  HashPlaces<UdpSocket> by_client_;
  std::size_t next_udp_socket_ = std::size_t{1} << 62;  // far from the numbers of connections
  std::unordered_map<std::pair<std::size_t, std::uint16_t>, Held*, QueryHash> by_query_;  // socket and id
  std::unordered_map<std::size_t, Connection> connections_;
  UnplacedTraffic unplaced_;
};

}  // namespace hanglab::replay
