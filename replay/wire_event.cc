#include "replay/wire_event.hh"

#include <algorithm>

namespace hanglab::replay {

namespace {

std::variant<TcpSignal, DnsMessage, UnreadableMessage, IcmpNotice, Segment> read_message(dns::ByteView bytes,
                                                                                         std::size_t size) {
  const auto header = dns::decode_header(bytes);
  if (!header) return UnreadableMessage{};
  const auto question = dns::decode_question(bytes);
  if (header->questions > 0 && !question) return UnreadableMessage{};
  return DnsMessage{*header, question, size};
}

// Between two port 53s only the message itself tells who asks.
bool goes_to_server(const CapturedPacket& packet) {
  if (packet.source.port == packet.destination.port) {
    const auto header = dns::decode_header(packet.payload);
    return !header || !header->response();
  }
  return packet.destination.port == dns_port;
}

}  // namespace

std::size_t WireReader::udp_socket(Endpoint client) {
  const auto [entry, is_new] = udp_sockets_.try_emplace(client, sockets_);
  if (is_new) ++sockets_;
  return entry->second;
}

// A SYN with another initial sequence number opens a new connection on the same ports.
WireReader::Connection& WireReader::connection(const WireEvent& event, const TcpHeader* header) {
  const Flow flow{event.client, event.server};
  const auto known = flows_.find(flow);
  const bool opens = header != nullptr && event.to_server && header->has(tcp_syn);
  if (known != flows_.end()) {
    auto& latest = connections_[known->second];
    if (!opens || latest.client_isn == header->sequence) return latest;
  }
  flows_[flow] = connections_.size();
  auto& fresh = connections_.emplace_back();
  fresh.socket = sockets_++;
  if (opens) fresh.client_isn = header->sequence;
  return fresh;
}

void WireReader::add_tcp(const CapturedPacket& packet, const TcpHeader& tcp, const WireEvent& base,
                         std::vector<WireEvent>& events) {
  auto& connection = this->connection(base, &tcp);
  const auto happened = [&](auto what) {
    events.push_back(base);
    events.back().socket = connection.socket;
    events.back().what = std::move(what);
  };

  auto& stream = base.to_server ? connection.to_server : connection.to_client;
  std::uint32_t data_at = tcp.sequence;
  if (tcp.has(tcp_syn)) {
    happened(base.to_server ? TcpSignal::syn : TcpSignal::syn_ack);
    stream.start_at(++data_at);  // the SYN takes one sequence number; TCP Fast Open sends data with it
  }
  stream.add(data_at, packet.payload, packet.payload_size);
  while (const auto message = stream.next_message())
    std::visit(happened, read_message(*message, message->size()));
  if (tcp.has(tcp_fin)) happened(TcpSignal::fin);
  if (tcp.has(tcp_rst)) happened(TcpSignal::rst);
  if (events.empty()) happened(Segment{});
}

std::vector<WireEvent> WireReader::add(const CapturedPacket& packet) {
  WireEvent event{.packet = packet.number, .at = packet.at, .to_server = goes_to_server(packet)};
  event.client = event.to_server ? packet.source : packet.destination;
  event.server = event.to_server ? packet.destination : packet.source;
  std::vector<WireEvent> events;

  if (const auto* tcp = std::get_if<TcpHeader>(&packet.header)) {
    event.transport = Transport::tcp;
    add_tcp(packet, *tcp, event, events);
  } else if (const auto* icmp = std::get_if<IcmpError>(&packet.header)) {
    // What a query met travels back to the client; what an answer met travels to the server.
    event.to_server = icmp->about_destination.port != dns_port;
    event.client = event.to_server ? icmp->about_destination : icmp->about_source;
    event.server = event.to_server ? icmp->about_source : icmp->about_destination;
    event.transport = icmp->about;
    event.socket =
        icmp->about == Transport::udp ? udp_socket(event.client) : connection(event, nullptr).socket;
    event.what = IcmpNotice{icmp->type, icmp->code};
    events.push_back(event);
  } else {
    event.socket = udp_socket(event.client);
    event.what = read_message(packet.payload, packet.payload_size);
    events.push_back(event);
  }
  return events;
}

std::size_t WireReader::unfinished_streams() const {
  std::size_t count = 0;
  for (const auto& connection : connections_)
    count += std::size_t{connection.to_server.unfinished()} + std::size_t{connection.to_client.unfinished()};
  return count;
}

}  // namespace hanglab::replay
