#include "replay/wire_event.hh"

#include <fmt/format.h>

#include <algorithm>

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;

// A few times the longest pause between two packets of one lookup (replay/open_lookup.hh).
constexpr Duration udp_idle = 2min;
constexpr Duration tcp_idle = 10min;
constexpr std::size_t most_udp_sockets = 60'000;
constexpr std::size_t most_connections = 20'000;
constexpr std::size_t most_octets_held = std::size_t{16} << 20;

// A message takes the place of the one that was there, whose name has room already.
void read_message(dns::ByteView bytes, std::size_t size, WireEvent::What& into) {
  const auto header = dns::decode_header(bytes);
  if (!header) {
    into = UnreadableMessage{};
    return;
  }
  auto* const former = std::get_if<DnsMessage>(&into);
  DnsMessage& message = former != nullptr ? *former : into.emplace<DnsMessage>();
  message.header = *header;
  message.size = size;
  if (!message.question) message.question.emplace();
  if (dns::decode_question(bytes, *message.question)) return;
  message.question.reset();
  if (header->questions > 0) into = UnreadableMessage{};
}

// Between two port 53s only the message itself tells who asks.
bool goes_to_server(const CapturedPacket& packet) {
  if (packet.source.port == packet.destination.port) {
    const auto header = dns::decode_header(packet.payload);
    return !header || !header->response();
  }
  return packet.destination.port == dns_port;
}

// All but its socket, its transport and what happened.
void describe(WireEvent& event, const CapturedPacket& packet) {
  event.packet = packet.number;
  event.at = packet.at;
  event.to_server = goes_to_server(packet);
  event.client = event.to_server ? packet.source : packet.destination;
  event.server = event.to_server ? packet.destination : packet.source;
}

StreamCounts operator+(StreamCounts a, const StreamCounts& b) {
  a.unfinished += b.unfinished;
  a.holes += b.holes;
  a.skipped += b.skipped;
  a.given_up += b.given_up;
  return a;
}

constexpr auto nobody = [](std::size_t) {};

}  // namespace

bool IcmpNotice::is_refusal() const {
  if (v6) return type == 1 || type == 3 || type == 4;
  return (type == 3 && code != 4) || type == 11 || type == 12;
}

std::string to_string(const IcmpNotice& notice) {
  return fmt::format("{} {}/{}", notice.v6 ? "ICMPv6" : "ICMP", notice.type, notice.code);
}

StreamCounts WireReader::Connection::streams() const {
  return {.unfinished = std::size_t{to_server.unfinished()} + std::size_t{to_client.unfinished()},
          .holes = to_server.holes() + to_client.holes(),
          .skipped = to_server.octets_skipped() + to_client.octets_skipped()};
}

WireReader::WireReader(UdpSockets udp, std::function<void(std::size_t)> forgotten)
    : udp_(udp),
      forgotten_(std::move(forgotten)),
      udp_sockets_({.entries = most_udp_sockets, .idle = udp_idle}),
      connections_({.entries = most_connections, .idle = tcp_idle}) {}

std::size_t WireReader::udp_socket(const Endpoint& client, Duration now) {
  if (udp_ == UdpSockets::not_numbered) return 0;
  udp_sockets_.expire(now, nobody);
  if (const auto* known = udp_sockets_.find(client, now)) return *known;
  return udp_sockets_.put(client, sockets_++, now, nobody);
}

void WireReader::end(const Connection& connection) {
  ended_ = ended_ + connection.streams();
  octets_held_ -= connection.octets_held();
  if (forgotten_) forgotten_(connection.socket);
}

// A SYN with another initial sequence number opens a new connection on the same ports.
WireReader::Connection& WireReader::connection(const WireEvent& event, const TcpHeader* header) {
  const auto over = [this](const Connection& old) { end(old); };
  const auto too_many = [this](const Connection& old) {
    ++ended_.given_up;
    end(old);
  };
  connections_.expire(event.at, over);
  const Flow flow{event.client, event.server};
  const bool opens = header != nullptr && event.to_server && header->has(tcp_syn);
  if (auto* const known = connections_.find(flow, event.at)) {
    if (!opens || known->client_isn == header->sequence) return *known;
    connections_.erase(flow, over);
  }
  while (octets_held_ > most_octets_held && connections_.size() > 0) connections_.drop_oldest(too_many);
  auto& fresh = connections_.put(flow, {.socket = sockets_++}, event.at, too_many);
  if (opens) fresh.client_isn = header->sequence;
  return fresh;
}

void WireReader::add_tcp(const CapturedPacket& packet, const TcpHeader& tcp, const WireEvent& base) {
  auto& connection = this->connection(base, &tcp);
  const auto event = [&]() -> WireEvent& {
    events_.push_back(base);
    events_.back().socket = connection.socket;
    return events_.back();
  };
  const auto happened = [&](auto what) { event().what = what; };

  octets_held_ -= connection.octets_held();
  auto& stream = base.to_server ? connection.to_server : connection.to_client;
  auto& other_way = base.to_server ? connection.to_client : connection.to_server;
  std::uint32_t data_at = tcp.sequence;
  if (tcp.has(tcp_syn)) {
    happened(base.to_server ? TcpSignal::syn : TcpSignal::syn_ack);
    stream.start_at(++data_at);  // the SYN takes one sequence number; TCP Fast Open sends data with it
  }
  stream.add(data_at, packet.payload, packet.payload_size);
  while (const auto message = stream.next_message()) read_message(*message, message->size(), event().what);
  if (tcp.has(tcp_ack)) other_way.acknowledged(tcp.acknowledgment);
  while (const auto message = other_way.next_message()) {
    WireEvent& earlier = event();
    earlier.to_server = !base.to_server;
    read_message(*message, message->size(), earlier.what);
  }
  if (tcp.has(tcp_fin)) happened(TcpSignal::fin);
  if (tcp.has(tcp_rst)) happened(TcpSignal::rst);
  if (events_.empty()) happened(Segment{});
  octets_held_ += connection.octets_held();
}

std::span<WireEvent> WireReader::add(const CapturedPacket& packet) {
  if (const auto* tcp = std::get_if<TcpHeader>(&packet.header)) {
    WireEvent base{.transport = Transport::tcp};
    describe(base, packet);
    events_.clear();
    add_tcp(packet, *tcp, base);
    return events_;
  }
  events_.resize(1);
  WireEvent& event = events_.front();
  describe(event, packet);
  if (const auto* icmp = std::get_if<IcmpError>(&packet.header)) {
    // What a query met travels back to the client; what an answer met travels to the server.
    event.to_server = icmp->about_destination.port != dns_port;
    event.client = event.to_server ? icmp->about_destination : icmp->about_source;
    event.server = event.to_server ? icmp->about_source : icmp->about_destination;
    event.transport = icmp->about;
    event.socket = icmp->about == Transport::udp ? udp_socket(event.client, event.at)
                                                 : connection(event, nullptr).socket;
    event.what = IcmpNotice{icmp->v6, icmp->type, icmp->code};
  } else {
    event.transport = Transport::udp;
    event.socket = udp_socket(event.client, event.at);
    read_message(packet.payload, packet.payload_size, event.what);
  }
  return events_;
}

StreamCounts WireReader::streams() const {
  StreamCounts counts = ended_;
  connections_.for_each([&](const Connection& connection) { counts = counts + connection.streams(); });
  return counts;
}

}  // namespace hanglab::replay
