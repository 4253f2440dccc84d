// What happened between stub resolvers and their servers, step by step: the packets of a capture
// brought to the level at which a lookup is understood. TCP data appears as the DNS messages it
// carries, whatever segments they came in; each SYN, SYN+ACK, FIN and RST is a step of its own, a
// repeated one too; an ICMP error belongs to the client socket whose traffic it is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "core/address.hh"
#include "core/dns.hh"
#include "core/lookup.hh"
#include "core/time.hh"
#include "replay/captured_packet.hh"
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
  std::uint8_t type = 0;
  std::uint8_t code = 0;

  bool port_unreachable() const { return type == 3 && code == 3; }
  bool operator==(const IcmpNotice&) const = default;
};

// Nothing to a lookup: an acknowledgment, or a part of a message.
struct Segment {
  bool operator==(const Segment&) const = default;
};

struct WireEvent {
  std::uint64_t packet = 0;  // its number in the capture
  Duration at{};             // since 1970
  Transport transport = Transport::udp;
  std::size_t socket = 0;  // of a client, numbered from 0 as they appear; a reused TCP port is a new one
  Endpoint client{};
  Endpoint server{};
  bool to_server = true;  // the direction of the packet; of an ICMP error too
  std::variant<TcpSignal, DnsMessage, UnreadableMessage, IcmpNotice, Segment> what{};

  bool operator==(const WireEvent&) const = default;
};

class WireReader {
 public:
  // At least one event for each packet, in the order in which they take effect.
  std::vector<WireEvent> add(const CapturedPacket& packet);

  // Directions of TCP connections in which the capture holds a part of a message only.
  std::size_t unfinished_streams() const;

 private:
  struct Connection {
    std::size_t socket = 0;
    std::optional<std::uint32_t> client_isn;
    MessageStream to_server;
    MessageStream to_client;
  };
  using Flow = std::tuple<Endpoint, Endpoint>;  // client, server

  std::size_t udp_socket(Endpoint client);
  Connection& connection(const WireEvent& event, const TcpHeader* header);
  void add_tcp(const CapturedPacket& packet, const TcpHeader& tcp, const WireEvent& base,
               std::vector<WireEvent>& events);

  std::size_t sockets_ = 0;
  std::map<Endpoint, std::size_t> udp_sockets_;
  std::map<Flow, std::size_t> flows_;  // the latest connection of a flow
  std::vector<Connection> connections_;
};

}  // namespace hanglab::replay
