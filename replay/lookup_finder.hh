// Finds the lookups of each stub client in a capture. Queries of one client for one name that follow
// each other as a stub resolver's do are one lookup: A and AAAA, UDP retries, TCP after truncation,
// and glibc's repetitions of the whole (replay/open_lookup.hh has the rules). Names that a search list
// makes of one call are lookups of their own.
//
// Two programs of one client that ask for one name are told apart by what their sockets do: a socket
// that goes on sending after another one has asked belongs to another lookup. That takes knowledge
// of what comes later, so the events are held until the capture has been read. Connections refused or
// unanswered from the start carry no name; they are laid to the lookup that was waiting for one.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/time.hh"
#include "replay/capture_reader.hh"
#include "replay/captured_lookup.hh"
#include "replay/open_lookup.hh"
#include "replay/wire_event.hh"

namespace hanglab::replay {

// DNS traffic that is in no lookup.
struct UnplacedTraffic {
  std::size_t unreadable_messages = 0;   // on port 53, but no DNS message
  std::size_t not_stub_messages = 0;     // queries without RD (between servers), other opcodes
  std::size_t unmatched_answers = 0;     // to a query that the capture does not hold
  std::size_t unmatched_icmp = 0;        // about a UDP socket that asked nothing
  std::size_t nameless_connections = 0;  // TCP without a query, while no lookup waited for it
  std::size_t unfinished_streams = 0;    // directions of TCP connections that hold part of a message

  bool operator==(const UnplacedTraffic&) const = default;
};

struct FoundLookups {
  std::vector<CapturedLookup> lookups;  // by the time of their first packet
  UnplacedTraffic unplaced;
};

class LookupFinder {
 public:
  void add(const CapturedPacket& packet);

  // Places everything; once. Lookups without a visible end are censored at `capture_end`.
  FoundLookups finish(Duration capture_end);

 private:
  struct Connection {
    std::optional<std::size_t> lookup;
    Duration opened_at{};
    std::uint64_t last_packet = 0;
    std::size_t packets = 0;
    int syns = 0;
    bool established = false;
    bool refused = false;
    bool answered = false;
    bool over = false;  // a FIN or RST was seen

    TcpEnd end() const;
  };

  void place_udp(const WireEvent& event);
  void place_tcp(const WireEvent& event);
  std::optional<std::size_t> lookup_of(const WireEvent& event, Connection& connection);
  void gave_way(const WireEvent& event, std::size_t lookup, std::string reason);
  void signal(const WireEvent& event, TcpSignal signal, Connection& connection);
  void icmp(const WireEvent& event, const IcmpNotice& notice);
  void message(const WireEvent& event, const DnsMessage& message, Connection* connection);
  bool asked(const WireEvent& event, const DnsMessage& query) const;

  std::optional<std::size_t> find_lookup(const WireEvent& event, const DnsMessage& query);
  std::optional<std::size_t> waiting_for_tcp(const WireEvent& event);
  // The client's lookups that may still go on, the latest first.
  std::vector<std::size_t> candidates(const WireEvent& event);
  bool busy_elsewhere(std::size_t lookup, const WireEvent& event) const;
  void add_connections(std::vector<CapturedLookup>& lookups);

  WireReader wire_;
  std::vector<WireEvent> events_;
  std::map<std::size_t, Duration> last_sent_;  // by socket: its last query or SYN

  std::vector<OpenLookup> lookups_;
  std::vector<std::vector<std::size_t>> sockets_;  // of each lookup
  std::map<IpAddress, std::vector<std::size_t>> open_;
  std::map<std::pair<std::size_t, std::uint16_t>, std::size_t> by_query_;  // socket and id
  std::map<std::size_t, std::size_t> by_socket_;                           // the latest to use it
  std::map<std::size_t, Connection> connections_;
  UnplacedTraffic unplaced_;
};

struct CaptureContents {
  FoundLookups found;
  CaptureCounts counts;
  Duration first_at{};  // of all packets, since 1970
  Duration last_at{};
  std::optional<std::string> damage;  // why reading stopped before the end of the file
};

// The lookups of a file; of a damaged one those before the damage. Throws InputError as CaptureReader.
CaptureContents read_lookups(const std::string& path);

}  // namespace hanglab::replay
