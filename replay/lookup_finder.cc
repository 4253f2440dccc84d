#include "replay/lookup_finder.hh"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace hanglab::replay {

namespace {

constexpr std::uint16_t opcode_bits = 0x7800;
// Of one client's open lookups, as many of the latest are looked at for the one that an event belongs to.
constexpr std::size_t most_candidates = 64;
constexpr std::size_t most_steps_apart = 16;
constexpr std::size_t most_asked_apart = 8;

bool is_stub_query(const DnsMessage& message) {
  const auto flags = message.header.flags;
  return message.question && (flags & opcode_bits) == 0 && (flags & dns::flag_rd) != 0;
}

// Alike for names that differ in case alone, which 0x20 tells of letters.
std::uint64_t hash_of(const IpAddress& client, std::string_view name) {
  constexpr std::uint64_t case_bits = 0x2020'2020'2020'2020u;
  std::uint64_t hash = EndpointHash()(client) + name.size();
  for (; !name.empty(); name.remove_prefix(std::min(name.size(), sizeof hash))) {
    std::uint64_t piece = 0;
    std::memcpy(&piece, name.data(), std::min(name.size(), sizeof piece));
    hash = mixed(hash ^ (piece | case_bits));
  }
  return hash;
}

LookupStep step_of(const WireEvent& event, LookupStep::What what) {
  return {.what = what,
          .transport = event.transport,
          .socket = event.socket,
          .at = event.at,
          .server = event.server};
}

LookupStep step_of(const WireEvent& event, LookupStep::What what, const DnsMessage& message) {
  LookupStep step = step_of(event, what);
  step.truncated = message.header.truncated();
  step.rcode = message.header.rcode();
  if (message.question) step.type = message.question->type;
  step.id = message.header.id;
  step.answers = message.header.answers;
  step.size = static_cast<std::uint16_t>(message.size);
  return step;
}

LookupStep step_of(const WireEvent& event, TryEnd end) {
  LookupStep step = step_of(event, LookupStep::What::refused);
  step.end = end;
  return step;
}

void count_packet(SocketUse& use, const WireEvent& event) {
  if (std::exchange(use.last_packet, event.packet) != event.packet) ++use.packets;
}

// The latest that is wanted, or nullptr.
template <class Lookup>
Lookup* latest_that(const std::vector<Lookup*>& lookups, auto&& wanted) {
  std::size_t left = most_candidates;
  for (auto held = lookups.rbegin(); held != lookups.rend() && left > 0; ++held, --left)
    if (wanted(**held)) return *held;
  return nullptr;
}

// Out of a map of lists.
template <class Map, class Key, class Value>
void erase_from(Map& map, const Key& key, const Value& value) {
  const auto known = map.find(key);
  if (known == map.end()) return;
  std::erase(known->second, value);
  if (known->second.empty()) map.erase(known);
}

template <class Map, class Key, class Value>
void erase_if_is(Map& map, const Key& key, const Value& value) {
  const auto known = map.find(key);
  if (known != map.end() && known->second == value) map.erase(known);
}

template <class Map, class Key, class Value>
void replace_if_is(Map& map, const Key& key, const Value& value, const Value& other) {
  const auto known = map.find(key);
  if (known != map.end() && known->second == value) known->second = other;
}

}  // namespace

LookupFinder::LookupFinder(Take take, Options options)
    : take_(std::move(take)),
      options_(options),
      wire_(UdpSockets::not_numbered, [this](std::size_t socket) { forget(socket); }),
      by_name_(options.most_open),
      by_client_(options.most_open) {}

void LookupFinder::add(const CapturedPacket& packet) {
  now_ = std::max(now_, packet.at);
  close_until(now_);
  for (WireEvent& event : wire_.add(packet))
    event.transport == Transport::tcp ? place_tcp(event) : place_udp(event);
}

void LookupFinder::finish(Duration capture_end) {
  close_until(capture_end);
  while (!next_looks_.empty()) close(*next_looks_.begin(), capture_end);
  for (const auto& [socket, connection] : connections_)
    if (!connection.served) ++unplaced_.nameless_connections;
  connections_.clear();
}

UnplacedTraffic LookupFinder::unplaced() const {
  UnplacedTraffic unplaced = unplaced_;
  unplaced.streams = wire_.streams();
  return unplaced;
}

void LookupFinder::place_udp(WireEvent& event) {
  const auto* message = std::get_if<DnsMessage>(&event.what);
  if (message != nullptr && !message->header.response()) {
    if (!is_stub_query(*message)) {
      ++unplaced_.not_stub_messages;
      return;
    }
    UdpSocket& udp = udp_socket(event.client);
    event.socket = udp.number;
    ++udp.users;  // lookups that make room for this one may be the last to use it
    query(event, *message, nullptr, &udp);
    --udp.users;
    return;
  }
  const UdpSocket* const udp = find_udp_socket(event.client);
  if (udp != nullptr) event.socket = udp->number;
  if (const auto* notice = std::get_if<IcmpNotice>(&event.what))
    icmp_of_udp(event, *notice, udp);
  else if (message != nullptr)
    answer(event, *message, udp);
  else
    ++unplaced_.unreadable_messages;
}

LookupFinder::UdpSocket* LookupFinder::find_udp_socket(const Endpoint& client) const {
  UdpSocket* udp = by_client_.latest(EndpointHash()(client));
  while (udp != nullptr && udp->client != client) udp = udp->earlier;
  return udp;
}

LookupFinder::UdpSocket& LookupFinder::udp_socket(const Endpoint& client) {
  if (UdpSocket* const known = find_udp_socket(client)) return *known;
  UdpSocket& fresh = udp_sockets_.emplace_back();
  fresh.client = client;
  fresh.number = next_udp_socket_++;
  fresh.self = std::prev(udp_sockets_.end());
  by_client_.add(fresh, EndpointHash()(client));
  return fresh;
}

void LookupFinder::place_tcp(const WireEvent& event) {
  const auto [known, is_new] = connections_.try_emplace(event.socket);
  Connection& connection = known->second;
  if (is_new)
    connection.apart = {.socket = event.socket,
                        .port = event.client.port,
                        .transport = Transport::tcp,
                        .opened_at = event.at};
  SocketUse& use = use_of(event, connection);
  count_packet(use, event);
  if (connection.lookup != nullptr && event.to_server && !use.over) connection.lookup->lookup.sent(event.at);

  if (const auto* what = std::get_if<TcpSignal>(&event.what))
    signal(event, *what, connection);
  else if (const auto* notice = std::get_if<IcmpNotice>(&event.what))
    icmp_of_tcp(event, *notice, connection);
  else if (std::holds_alternative<UnreadableMessage>(event.what))
    ++unplaced_.unreadable_messages;
  else if (const auto* message = std::get_if<DnsMessage>(&event.what)) {
    if (message->header.response())
      answer(event, *message, nullptr);
    else if (is_stub_query(*message))
      query(event, *message, &connection, nullptr);
    else
      ++unplaced_.not_stub_messages;
  }
}

SocketUse& LookupFinder::use_of(const WireEvent& event, Connection& connection) {
  return connection.lookup != nullptr ? *connection.lookup->lookup.use(event.socket) : connection.apart;
}

// A connection without a query yet has no name. Refused ones never get one, and of those that the
// client's own host refuses, a capture does not even hold the SYN.
void LookupFinder::claim(const WireEvent& event, Connection& connection) {
  if (connection.lookup != nullptr || connection.served) return;
  if (Held* const waiting = waiting_for_tcp(event)) {
    connection.apart.guess = true;
    bring(connection, *waiting);
  }
}

void LookupFinder::bring(Connection& connection, Held& to) {
  to.lookup.join(connection.apart);
  connection.lookup = &to;
  take_over(to, std::exchange(connection.steps_apart, {}));
}

// What a connection did elsewhere so far. Before the lookup began it cannot have been for it.
void LookupFinder::take_over(Held& to, const std::vector<LookupStep>& steps) {
  for (const LookupStep& step : steps)
    if (step.at >= to.lookup.start()) take(to, step);
}

void LookupFinder::happened(Connection& connection, const LookupStep& step) {
  if (connection.lookup != nullptr)
    take(*connection.lookup, step);
  else if (!connection.served && connection.steps_apart.size() < most_steps_apart)
    connection.steps_apart.push_back(step);
}

void LookupFinder::signal(const WireEvent& event, TcpSignal signal, Connection& connection) {
  switch (signal) {
    case TcpSignal::syn:
      if (connection.lookup != nullptr)
        sends_again(event, *connection.lookup);
      else
        claim(event, connection);
      ++use_of(event, connection).syns;
      return happened(connection, step_of(event, LookupStep::What::connecting));
    case TcpSignal::syn_ack:
      use_of(event, connection).established = true;
      return happened(connection, step_of(event, LookupStep::What::connected));
    case TcpSignal::fin:
    case TcpSignal::rst: break;
  }
  const bool reset = signal == TcpSignal::rst;
  claim(event, connection);
  SocketUse& use = use_of(event, connection);
  if (reset && !use.established) use.refused = true;
  if (std::exchange(use.over, true)) return;
  happened(connection, step_of(event, {.kind = event.to_server ? TryEnd::Kind::closed_by_client
                                               : reset         ? TryEnd::Kind::reset
                                                               : TryEnd::Kind::closed_by_server}));
}

// An error about an answer says only that the client had closed its socket by then.
void LookupFinder::icmp_of_tcp(const WireEvent& event, const IcmpNotice& notice, Connection& connection) {
  if (event.to_server || !notice.is_refusal()) return;
  claim(event, connection);
  SocketUse& use = use_of(event, connection);
  if (!use.established) use.refused = true;
  happened(connection, step_of(event, {.kind = TryEnd::Kind::icmp, .icmp = notice}));
}

void LookupFinder::icmp_of_udp(const WireEvent& event, const IcmpNotice& notice, const UdpSocket* udp) {
  if (udp == nullptr || udp->latest == nullptr) {
    ++unplaced_.unmatched_icmp;
    return;
  }
  count_packet(*udp->latest->lookup.use(event.socket), event);
  if (!event.to_server && notice.is_refusal())
    take(*udp->latest, step_of(event, {.kind = TryEnd::Kind::icmp, .icmp = notice}));
}

LookupFinder::Held* LookupFinder::who_asked(const UdpSocket* udp, std::size_t socket,
                                            std::uint16_t id) const {
  if (udp != nullptr)
    for (const auto& [asked_id, held] : udp->asked)
      if (asked_id == id) return held;
  if (by_query_.empty()) return nullptr;
  const auto known = by_query_.find({socket, id});
  return known == by_query_.end() ? nullptr : known->second;
}

void LookupFinder::remember(std::size_t socket, std::uint16_t id, Held& held, UdpSocket* udp) {
  if (udp != nullptr) {
    for (auto& [asked_id, asker] : udp->asked) {
      if (asked_id != id) continue;
      asker = &held;
      return;
    }
    if (udp->asked.size() < most_asked_apart) {
      udp->asked.emplace_back(id, &held);
      return;
    }
  }
  by_query_[{socket, id}] = &held;
  held.in_by_query = true;
}

void LookupFinder::answer(const WireEvent& event, const DnsMessage& answer, const UdpSocket* udp) {
  const bool tcp = event.transport == Transport::tcp;
  Held* const held = tcp || udp != nullptr ? who_asked(udp, event.socket, answer.header.id) : nullptr;
  if (held == nullptr || (answer.question && !dns::same_name(answer.question->name, held->lookup.name()))) {
    ++unplaced_.unmatched_answers;
    return;
  }
  SocketUse& use = *held->lookup.use(event.socket);
  if (!tcp) count_packet(use, event);
  use.answered = true;
  take(*held, step_of(event, LookupStep::What::answer, answer));
  if (held->expecting || !held->lookup.truncated()) return;
  held->expecting = true;
  expecting_[held->lookup.client()].push_back(held);
}

void LookupFinder::query(const WireEvent& event, const DnsMessage& query, Connection* connection,
                         UdpSocket* udp) {
  Held* held = nullptr;
  // A guess made at its SYN holds if the name agrees.
  if (connection != nullptr && connection->lookup != nullptr && connection->lookup->lookup.has_room() &&
      dns::same_name(connection->lookup->lookup.name(), query.question->name))
    held = connection->lookup;
  if (udp != nullptr) held = find_on(*udp, event, query);
  if (held == nullptr) {
    const std::uint64_t name = hash_of(event.client.address, query.question->name);
    held = find_lookup(name, event, query);
    if (held == nullptr) held = &open(name, event, query, begin_of(event, connection));
  }
  const bool repeats = held->lookup.repeats(query);
  const bool joins = held->lookup.use(event.socket) == nullptr;
  if (!joins) {
    sends_again(event, *held);
    if (connection != nullptr) connection->lookup = held;
  } else if (connection != nullptr) {
    move_connection(event, *held, *connection);
  } else {
    held->lookup.join({.socket = event.socket, .port = event.client.port, .opened_at = event.at});
    ++udp->users;
  }
  SocketUse& use = *held->lookup.use(event.socket);
  if (joins) use.repeats = repeats;
  use.guess = false;
  remember(event.socket, query.header.id, *held, udp);
  count_packet(use, event);  // on a connection again, if the lookup that it served made room for this one
  if (udp != nullptr) udp->latest = held;
  take(*held, step_of(event, LookupStep::What::query, query));
}

// Of a lookup that this query begins: with the connection that comes along, as move_connection() decides.
Duration LookupFinder::begin_of(const WireEvent& event, Connection* connection) {
  if (connection == nullptr || connection->served) return event.at;
  const SocketUse& use = use_of(event, *connection);
  return connection->lookup == nullptr || use.guess ? use.opened_at : event.at;
}

// To the lookup whose query it carries. One that was laid to another lookup by guess takes along what it did
// there; one that has served another goes on serving.
void LookupFinder::move_connection(const WireEvent& event, Held& to, Connection& connection) {
  if (connection.lookup == nullptr) return bring(connection, to);
  const SocketUse use = use_of(event, connection);
  if (use.guess) {
    std::vector<LookupStep> steps;
    connection.lookup->lookup.leave(event.socket, steps);
    look_again(*connection.lookup);
    to.lookup.join(use);
    take_over(to, steps);
  } else {
    to.lookup.join({.socket = use.socket,
                    .port = use.port,
                    .transport = Transport::tcp,
                    .opened_at = event.at,
                    .last_packet = event.packet,
                    .packets = 1,
                    .established = use.established});
  }
  connection.lookup = &to;
}

// On the socket that asks now: two programs do not share one.
LookupFinder::Held* LookupFinder::find_on(const UdpSocket& udp, const WireEvent& event,
                                          const DnsMessage& query) const {
  Held* const held = udp.latest;
  if (held == nullptr || !dns::same_name(held->lookup.name(), query.question->name)) return nullptr;
  return held->lookup.continues_with(event, query) ? held : nullptr;
}

LookupFinder::Held* LookupFinder::find_lookup(std::uint64_t name, const WireEvent& event,
                                              const DnsMessage& query) {
  std::size_t left = most_candidates;
  for (Held* held = by_name_.latest(name); held != nullptr && left > 0; held = held->earlier) {
    if (held->hash != name) continue;
    const OpenLookup& lookup = held->lookup;
    if (lookup.client() == event.client.address && dns::same_name(lookup.name(), query.question->name) &&
        lookup.continues_with(event, query))
      return held;
    --left;
  }
  return nullptr;
}

LookupFinder::Held* LookupFinder::waiting_for_tcp(const WireEvent& event, const Held* not_this) {
  const auto known = expecting_.find(event.client.address);
  if (known == expecting_.end()) return nullptr;
  return latest_that(known->second, [&](const Held& held) {
    return &held != not_this && held.lookup.expects_tcp(event.at);
  });
}

LookupFinder::Held& LookupFinder::open(std::uint64_t name, const WireEvent& event, const DnsMessage& query,
                                       Duration start) {
  while (next_looks_.size() >= options_.most_open) {
    ++unplaced_.lookups_given_up;
    close(*next_looks_.begin());
  }
  return hold(name, OpenLookup(event.client.address, query.question->name, start));
}

LookupFinder::Held& LookupFinder::hold(std::uint64_t name, OpenLookup&& lookup) {
  Held& held = lookups_.emplace_back(std::move(lookup));
  held.self = std::prev(lookups_.end());
  held.number = next_number_++;
  by_name_.add(held, name);
  held.expecting = held.lookup.truncated();
  if (held.expecting) expecting_[held.lookup.client()].push_back(&held);
  held.looked_at = held.lookup.deadline();
  next_looks_.insert(held);
  return held;
}

void LookupFinder::sends_again(const WireEvent& event, Held& held) {
  if (!held.lookup.has_room()) return;  // what happened is not known in full
  if (const auto first = held.lookup.repeated_after(event.socket)) return split(held, *first);
  for (const std::size_t socket : held.lookup.guessed_after(event.socket)) {
    Held* const other = waiting_for_tcp(event, &held);
    const auto connection = connections_.find(socket);
    if (other == nullptr || connection == connections_.end() || connection->second.lookup != &held) continue;
    std::vector<LookupStep> steps;
    other->lookup.join(held.lookup.leave(socket, steps));
    connection->second.lookup = other;
    take_over(*other, steps);
    look_again(held);
  }
}

void LookupFinder::split(Held& held, std::size_t from_socket) {
  Held& other = hold(held.hash, held.lookup.split_from(from_socket));
  other.in_by_query = held.in_by_query;
  look_again(held);
  for (const LookupStep& step : other.lookup.steps())
    if (step.what == LookupStep::What::query)
      replace_if_is(by_query_, std::pair(step.socket, step.id), &held, &other);
  for (const SocketUse& use : other.lookup.uses()) {
    if (use.transport == Transport::udp) {
      UdpSocket& udp = *find_udp_socket({held.lookup.client(), use.port});
      for (auto& [id, asker] : udp.asked)
        if (asker == &held) asker = &other;
      if (udp.latest == &held) udp.latest = &other;
      continue;
    }
    const auto connection = connections_.find(use.socket);
    if (connection != connections_.end() && connection->second.lookup == &held)
      connection->second.lookup = &other;
  }
}

void LookupFinder::take(Held& held, const LookupStep& step) {
  held.lookup.take(step);
  look_again(held);
}

// Sees to it that the lookup is looked at by its deadline; before it does no harm.
void LookupFinder::look_again(Held& held) {
  const Duration deadline = held.lookup.deadline();
  if (deadline < held.looked_at) look_at(held, deadline);
}

void LookupFinder::look_at(Held& held, Duration then) {
  next_looks_.erase(next_looks_.iterator_to(held));
  held.looked_at = then;
  next_looks_.insert(held);
}

void LookupFinder::close_until(Duration now) {
  while (!next_looks_.empty() && next_looks_.begin()->looked_at < now) {
    Held& held = *next_looks_.begin();
    const Duration deadline = held.lookup.deadline();
    if (deadline < now)
      close(held);
    else
      look_at(held, deadline);
  }
}

void LookupFinder::close(Held& held, std::optional<Duration> capture_end) {
  next_looks_.erase(next_looks_.iterator_to(held));
  by_name_.remove(held);
  if (held.expecting) erase_from(expecting_, held.lookup.client(), &held);
  if (held.in_by_query)
    for (const LookupStep& step : held.lookup.steps())
      if (step.what == LookupStep::What::query)
        erase_if_is(by_query_, std::pair(step.socket, step.id), &held);
  for (const SocketUse& use : held.lookup.uses())
    use.transport == Transport::udp ? leave_udp_socket(held, use) : leave_connection(held, use);
  CapturedLookup result = std::move(held.lookup).result(options_.attempts, capture_end);
  lookups_.erase(held.self);
  take_(std::move(result));
}

void LookupFinder::leave_udp_socket(Held& held, const SocketUse& use) {
  UdpSocket& udp = *find_udp_socket({held.lookup.client(), use.port});
  if (--udp.users == 0) {
    by_client_.remove(udp);
    udp_sockets_.erase(udp.self);
    return;
  }
  const auto left = std::remove_if(udp.asked.begin(), udp.asked.end(),
                                   [&](const auto& asked) { return asked.second == &held; });
  udp.asked.erase(left, udp.asked.end());
  if (udp.latest == &held) udp.latest = nullptr;
}

void LookupFinder::leave_connection(Held& held, const SocketUse& use) {
  const auto known = connections_.find(use.socket);
  if (known == connections_.end()) return;
  Connection& connection = known->second;
  connection.served = true;
  if (connection.lookup != &held) return;
  connection.lookup = nullptr;
  connection.apart = {.socket = use.socket,
                      .port = use.port,
                      .transport = Transport::tcp,
                      .opened_at = use.opened_at,
                      .established = use.established,
                      .over = use.over};
}

void LookupFinder::forget(std::size_t socket) {
  const auto known = connections_.find(socket);
  if (known == connections_.end()) return;
  if (!known->second.served && known->second.lookup == nullptr) ++unplaced_.nameless_connections;
  connections_.erase(known);
}

}  // namespace hanglab::replay
