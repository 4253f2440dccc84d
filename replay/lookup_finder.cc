#include "replay/lookup_finder.hh"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hh"

namespace hanglab::replay {

namespace {

constexpr std::uint16_t opcode_bits = 0x7800;

bool is_stub_query(const dns::Header& header) {
  return (header.flags & opcode_bits) == 0 && (header.flags & dns::flag_rd) != 0;
}

}  // namespace

TcpEnd LookupFinder::Connection::end() const {
  if (answered) return TcpEnd::answered;
  if (established) return TcpEnd::silent;
  if (refused) return TcpEnd::refused;
  return TcpEnd::unanswered;
}

void LookupFinder::add(const CapturedPacket& packet) {
  for (auto& event : wire_.add(packet)) {
    const auto* signal = std::get_if<TcpSignal>(&event.what);
    const auto* message = std::get_if<DnsMessage>(&event.what);
    if ((signal != nullptr && *signal == TcpSignal::syn) ||
        (message != nullptr && !message->header.response()))
      last_sent_[event.socket] = event.at;
    events_.push_back(std::move(event));
  }
}

FoundLookups LookupFinder::finish(Duration capture_end) {
  for (const auto& event : events_) event.transport == Transport::tcp ? place_tcp(event) : place_udp(event);

  FoundLookups found;
  for (const auto& lookup : lookups_) found.lookups.push_back(lookup.result(capture_end));
  add_connections(found.lookups);
  std::ranges::stable_sort(found.lookups, {}, &CapturedLookup::start);
  unplaced_.unfinished_streams = wire_.unfinished_streams();
  found.unplaced = unplaced_;
  return found;
}

void LookupFinder::add_connections(std::vector<CapturedLookup>& lookups) {
  for (const auto& [socket, connection] : connections_) {
    if (!connection.lookup) {
      ++unplaced_.nameless_connections;
      continue;
    }
    auto& lookup = lookups[*connection.lookup];
    lookup.packets += connection.packets;
    lookup.syns += connection.syns;
    ++lookup.connections;
    lookup.tcp = std::max(lookup.tcp, connection.end());
  }
}

void LookupFinder::place_udp(const WireEvent& event) {
  if (const auto* notice = std::get_if<IcmpNotice>(&event.what))
    icmp(event, *notice);
  else if (const auto* dns = std::get_if<DnsMessage>(&event.what))
    message(event, *dns, nullptr);
  else
    ++unplaced_.unreadable_messages;
}

void LookupFinder::place_tcp(const WireEvent& event) {
  auto& connection = connections_[event.socket];
  if (connection.last_packet == 0) connection.opened_at = event.at;
  if (std::exchange(connection.last_packet, event.packet) != event.packet) ++connection.packets;

  if (const auto* what = std::get_if<TcpSignal>(&event.what))
    signal(event, *what, connection);
  else if (const auto* notice = std::get_if<IcmpNotice>(&event.what))
    icmp(event, *notice);
  else if (const auto* dns = std::get_if<DnsMessage>(&event.what))
    message(event, *dns, &connection);
  else if (std::holds_alternative<UnreadableMessage>(event.what))
    ++unplaced_.unreadable_messages;
}

// A connection without a query yet has no name. Refused ones never get one, and of those that the
// client's own host refuses, a capture does not even hold the SYN.
std::optional<std::size_t> LookupFinder::lookup_of(const WireEvent& event, Connection& connection) {
  if (!connection.lookup) {
    connection.lookup = waiting_for_tcp(event);
    if (connection.lookup) sockets_[*connection.lookup].push_back(event.socket);
  }
  return connection.lookup;
}

// What becomes of a connection matters until the lookup has opened another one.
void LookupFinder::gave_way(const WireEvent& event, std::size_t lookup, std::string reason) {
  if (sockets_[lookup].back() == event.socket) lookups_[lookup].refused(event, std::move(reason));
}

void LookupFinder::signal(const WireEvent& event, TcpSignal signal, Connection& connection) {
  switch (signal) {
    case TcpSignal::syn:
      ++connection.syns;
      if (const auto lookup = lookup_of(event, connection)) lookups_[*lookup].connecting(event);
      return;
    case TcpSignal::syn_ack: connection.established = true; return;
    case TcpSignal::fin:
    case TcpSignal::rst: break;
  }
  const bool reset = signal == TcpSignal::rst;
  if (reset && !connection.established) connection.refused = true;
  const auto lookup = lookup_of(event, connection);
  if (std::exchange(connection.over, true) || !lookup) return;
  gave_way(event, *lookup, event.to_server ? "closed unanswered" : reset ? "RST" : "closed by the server");
}

// An error about an answer says only that the client had closed its socket by then.
void LookupFinder::icmp(const WireEvent& event, const IcmpNotice& notice) {
  const auto reason = fmt::format("ICMP {}/{}", notice.type, notice.code);
  if (event.transport == Transport::tcp) {
    auto& connection = connections_[event.socket];
    if (event.to_server) return;
    if (!connection.established) connection.refused = true;
    if (const auto lookup = lookup_of(event, connection)) gave_way(event, *lookup, reason);
    return;
  }
  const auto known = by_socket_.find(event.socket);
  if (known == by_socket_.end()) {
    ++unplaced_.unmatched_icmp;
    return;
  }
  auto& lookup = lookups_[known->second];
  lookup.saw_packet(event);
  if (!event.to_server) lookup.refused(event, reason);
}

void LookupFinder::message(const WireEvent& event, const DnsMessage& message, Connection* connection) {
  const std::pair key{event.socket, message.header.id};
  if (message.header.response()) {
    const auto known = by_query_.find(key);
    if (known == by_query_.end() ||
        (message.question && !dns::same_name(message.question->name, lookups_[known->second].name()))) {
      ++unplaced_.unmatched_answers;
      return;
    }
    auto& lookup = lookups_[known->second];
    if (connection == nullptr)
      lookup.saw_packet(event);
    else
      connection->answered = true;
    lookup.answer(event, message);
    return;
  }

  if (!message.question || !is_stub_query(message.header)) {
    ++unplaced_.not_stub_messages;
    return;
  }
  std::optional<std::size_t> lookup;
  // A guess made at its SYN holds if the name agrees.
  if (connection != nullptr && connection->lookup &&
      dns::same_name(lookups_[*connection->lookup].name(), message.question->name))
    lookup = connection->lookup;
  if (!lookup) lookup = find_lookup(event, message);
  if (!lookup) {
    lookup = lookups_.size();
    lookups_.emplace_back(event.client.address, *message.question,
                          connection == nullptr ? event.at : connection->opened_at);
    sockets_.emplace_back();
    open_[event.client.address].push_back(*lookup);
  }
  if (connection == nullptr)
    lookups_[*lookup].saw_packet(event);
  else
    connection->lookup = lookup;
  if (std::ranges::find(sockets_[*lookup], event.socket) == sockets_[*lookup].end())
    sockets_[*lookup].push_back(event.socket);
  by_query_[key] = by_socket_[event.socket] = *lookup;
  lookups_[*lookup].query(event, message);
}

std::vector<std::size_t> LookupFinder::candidates(const WireEvent& event) {
  auto& open = open_[event.client.address];
  std::erase_if(open, [&](std::size_t lookup) { return lookups_[lookup].stale(event.at); });
  return {open.rbegin(), open.rend()};
}

bool LookupFinder::busy_elsewhere(std::size_t lookup, const WireEvent& event) const {
  return std::ranges::any_of(sockets_[lookup], [&](std::size_t socket) {
    const auto sent = last_sent_.find(socket);  // none: only refusals were seen of it
    return socket != event.socket && sent != last_sent_.end() && sent->second > event.at;
  });
}

std::optional<std::size_t> LookupFinder::find_lookup(const WireEvent& event, const DnsMessage& query) {
  for (const auto lookup : candidates(event))
    if (dns::same_name(lookups_[lookup].name(), query.question->name) &&
        lookups_[lookup].continues_with(event, query, busy_elsewhere(lookup, event)))
      return lookup;
  return {};
}

std::optional<std::size_t> LookupFinder::waiting_for_tcp(const WireEvent& event) {
  for (const auto lookup : candidates(event))
    if (lookups_[lookup].expects_tcp(event.at) && !busy_elsewhere(lookup, event)) return lookup;
  return {};
}

CaptureContents read_lookups(const std::string& path) {
  CaptureReader reader(path);
  LookupFinder finder;
  CaptureContents contents;
  try {
    while (const auto packet = reader.next()) finder.add(*packet);
  } catch (const Error& error) {
    contents.damage = error.what();
  }
  contents.counts = reader.counts();
  contents.first_at = reader.first_at();
  contents.last_at = reader.last_at();
  contents.found = finder.finish(contents.last_at);
  return contents;
}

}  // namespace hanglab::replay
