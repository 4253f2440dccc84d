// What happened between stub resolvers and their servers, step by step: the packets of a capture
// brought to the level at which a lookup is understood. TCP data appears as the DNS messages it
// carries, whatever segments they came in; each SYN, SYN+ACK, FIN and RST is a step of its own, a
// repeated one too; an ICMP error belongs to the client socket whose traffic it is about.
//
// Sockets and connections are remembered in bounded memory: those unused for the longest time are forgotten,
// and if they are seen again, are new ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/address.hh"
#include "core/dns.hh"
#include "core/lookup.hh"
#include "core/time.hh"
#include "replay/bounded_table.hh"
#include "replay/captured_packet.hh"
#include "replay/endpoint_hash.hh"
#include "replay/message_stream.hh"

namespace hanglab::replay {

enum class TcpSignal { syn, syn_ack, fin, rst };

struct DnsMessage {
  dns::Header header;
  std::optional<dns::Question> question;  // a FORMERR may come back without
  std::size_t size = 0;                   // over TCP without the two octets of length

  bool operator==(const DnsMessage&) const = default;
};

struct UnreadableMessage {
  bool operator==(const UnreadableMessage&) const = default;
};

struct IcmpNotice {
  bool v6 = false;
  std::uint8_t type = 0;
  std::uint8_t code = 0;

  bool port_unreachable() const { return v6 ? type == 1 && code == 4 : type == 3 && code == 3; }
  // Whether Linux fails a socket for it that was told: not for a packet that was too big, a redirect or a
  // source quench.
  bool is_refusal() const;
  bool operator==(const IcmpNotice&) const = default;
};

// Nothing to a lookup: an acknowledgment, or a part of a message.
struct Segment {
  bool operator==(const Segment&) const = default;
};

struct WireEvent {
  using What = std::variant<TcpSignal, DnsMessage, UnreadableMessage, IcmpNotice, Segment>;

  std::uint64_t packet = 0;  // its number in the capture
  Duration at{};             // since 1970
  Transport transport = Transport::udp;
  // Of a client, numbered from 0 as they appear; a reused TCP port is a new one. Of UDP 0, if not asked for.
  std::size_t socket = 0;
  Endpoint client{};
  Endpoint server{};
  bool to_server = true;  // the direction of the packet; of an ICMP error too
  What what{};

  bool operator==(const WireEvent&) const = default;
};

std::string to_string(const IcmpNotice& notice);  // "ICMP 3/3", "ICMPv6 1/4"

// Of TCP connections, by direction.
struct StreamCounts {
  std::size_t unfinished = 0;  // the capture holds a part of a message only
  std::size_t holes = 0;       // data that the capture lacks, read over
  std::size_t skipped = 0;     // octets passed over in search of a message, as behind a hole
  std::size_t given_up = 0;    // connections forgotten in the midst, where there were too many

  bool operator==(const StreamCounts&) const = default;
};

enum class UdpSockets { numbered, not_numbered };

class WireReader {
 public:
  // `forgotten` is told the sockets of connections that are over or forgotten: they do not come again.
  explicit WireReader(UdpSockets udp = UdpSockets::numbered,
                      std::function<void(std::size_t socket)> forgotten = {});

  // At least one event for each packet, in the order in which they take effect. Valid until the next call.
  std::span<WireEvent> add(const CapturedPacket& packet);

  StreamCounts streams() const;

 private:
  struct Connection {
    std::size_t socket = 0;
    std::optional<std::uint32_t> client_isn{};
    MessageStream to_server{};
    MessageStream to_client{};

    std::size_t octets_held() const { return to_server.octets_held() + to_client.octets_held(); }
    StreamCounts streams() const;
  };
  using Flow = std::pair<Endpoint, Endpoint>;  // client, server

  std::size_t udp_socket(const Endpoint& client, Duration now);
  Connection& connection(const WireEvent& event, const TcpHeader* header);
  void add_tcp(const CapturedPacket& packet, const TcpHeader& tcp, const WireEvent& base);
  void end(const Connection& connection);

  UdpSockets udp_;
  std::function<void(std::size_t)> forgotten_;
  std::vector<WireEvent> events_;
  std::size_t sockets_ = 0;
  BoundedTable<Endpoint, std::size_t, EndpointHash> udp_sockets_;
  BoundedTable<Flow, Connection, EndpointHash> connections_;  // the latest of each flow
  std::size_t octets_held_ = 0;
  StreamCounts ended_;  // of those that are forgotten
};

}  // namespace hanglab::replay
