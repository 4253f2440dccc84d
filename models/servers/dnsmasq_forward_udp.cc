#include "models/servers/dnsmasq_forward_udp.hh"

#include <algorithm>
#include <utility>

#include "core/big_endian.hh"
#include "models/servers/dnsmasq_relay.hh"

namespace hanglab::servers {

namespace {

constexpr std::uint16_t dns_port = 53;

// src/config.h
constexpr Seconds open_for = 10;  // TIMEOUT
constexpr Seconds open_at_most = 4 * open_for;
constexpr std::uint16_t safe_size = 1232;  // SAFE_PKTSZ: what a question that is sent again asks for

constexpr Seconds no_retry_before = 2;
constexpr std::size_t packet_slack =
    1025 + 10;  // a name and the fixed part of a record (MAXDNAME, RRFIXEDSZ)
constexpr std::uint16_t extended_error_network = 23;  // RFC 8914

unsigned kind_of(const DnsmasqQuery& query) {
  const bool dnssec_ok = query.edns && query.edns->dnssec_ok;
  const bool wants_ad = dnssec_ok || (query.header.flags & dns::flag_ad) != 0;
  return (query.header.flags & dns::flag_cd) | (wants_ad ? 1u : 0u) | (query.edns ? 2u : 0u) |
         (dnssec_ok ? 4u : 0u);
}

}  // namespace

DnsmasqForwarding::Open* DnsmasqForwarding::find(dns::ByteView query, unsigned kind) {
  for (Open& open : open_)
    if (!open.done && open.kind == kind && same_question(open.query, query)) return &open;
  return nullptr;
}

posix::Task<bool> DnsmasqForwarding::forward(dns::Bytes query, Client client) {
  const unsigned kind = kind_of(*read_dnsmasq_query(query));
  Open* open = find(query, kind);
  if (open == nullptr) {
    const bool added = co_await add(std::move(query), kind, client);
    co_return added;
  }
  const auto asked_before = [&](const Asker& asker) {
    return asker.id == get_u16(query) && asker.client.from == client.from;
  };
  if (std::ranges::none_of(open->askers, asked_before)) {
    open->askers.insert(open->askers.begin() + 1, {.client = client, .id = get_u16(query)});
    if (now() - open->began < no_retry_before) co_return true;
  }
  const bool sent = co_await send_again(*open, Why::asked_again);
  if (!sent) refuse(query, client, extended_error_network);
  co_return sent;
}

posix::Task<bool> DnsmasqForwarding::add(dns::Bytes query, unsigned kind, Client client) {
  const std::size_t group = *answers_.groups().group_of(read_dnsmasq_query(query)->name);
  const bool has_place = co_await make_place(group);
  if (!has_place) {
    refuse(query, client, {});
    co_return false;
  }
  Open& open = open_.emplace_back();
  open.kind = kind;
  open.group = group;
  open.began = now();
  open.askers = {{.client = client, .id = get_u16(query)}};
  open.query = std::move(query);
  const auto edns = find_forwarded_edns(open.query);
  open.has_options = edns && edns->has_options;
  do open.id = static_cast<std::uint16_t>(os_.random());
  while (std::ranges::count(open_, open.id, &Open::id) > 1);

  auto& memory = memory_.groups[group];
  std::size_t first = 0;
  if (answers_.options().all_servers) open.asked_all = 1;
  if (!answers_.options().strict_order) {
    if (memory.ask_all(now()))
      open.asked_all = 1;
    else
      first = *memory.last_answered;
  }
  const auto socket = co_await os_.socket(Transport::udp, false);
  open.fd = static_cast<int>(socket.value);
  co_await os_.bind(open.fd);
  const bool sent = co_await send(open, first);
  if (!sent) {
    refuse(open.query, client, extended_error_network);
    open.done = true;
    co_await os_.close(open.fd);
    co_return false;
  }
  open.reader.emplace(read_answers(open));
  open.reader->start();
  co_return true;
}

// Clears away what is done or too old. False: too many are open.
posix::Task<bool> DnsmasqForwarding::make_place(std::size_t group) {
  const auto at = now();
  std::vector<int> unused;
  std::erase_if(open_, [&](const Open& open) {
    const bool old = !open.done && at - open.began >= open_at_most;
    if (old) unused.push_back(open.fd);
    return old || (open.done && (!open.reader || open.reader->done()));
  });
  const auto still_open = std::ranges::count_if(open_, [&](const Open& open) {
    return !open.done && open.group == group && at - open.began < open_for;
  });
  if (still_open >= answers_.options().most_forwarded) co_return false;
  const auto oldest = std::ranges::find_if(open_, [&](const Open& open) { return !open.done; });
  if (open_.size() < places_) {
    // One of those that are free now will do.
  } else if (oldest != open_.end() && at - oldest->began >= open_for) {
    unused.push_back(oldest->fd);
    open_.erase(oldest);
  } else {
    ++places_;
  }
  for (const int fd : unused) co_await os_.close(fd);
  co_return true;
}

// The query as it goes to the servers: an id of its own, and no larger EDNS size than dnsmasq's.
dns::Bytes DnsmasqForwarding::upstream_query(const Open& open) const {
  dns::Bytes query = open.query;
  set_u16(query, 0, open.id);
  if (const auto edns = find_forwarded_edns(query)) {
    const std::size_t wanted = get_u16(query, edns->size_at);
    const std::size_t most = answers_.options().edns_packet_max;
    set_u16(query, edns->size_at,
            open.repeated ? safe_size : std::clamp(wanted, dns::classic_udp_limit, most));
  }
  return query;
}

posix::Task<bool> DnsmasqForwarding::send(Open& open, std::size_t first) {
  const dns::Bytes query = upstream_query(open);
  const auto& servers = servers_of(open);
  bool sent = false;
  for (std::size_t i = open.asked_all != 0 ? 0 : first; i < servers.size(); ++i) {
    const auto result = co_await os_.sendto(open.fd, query, {servers[i], dns_port});
    if (!result.ok()) continue;  // no route, or the host's own firewall
    sent = true;
    open.last_sent_to = i;
    if (open.asked_all == 0) break;
    ++open.asked_all;
  }
  co_return sent;
}

posix::Task<bool> DnsmasqForwarding::send_again(Open& open, Why why) {
  std::size_t first = open.last_sent_to;
  open.repeated = true;
  if (!answers_.options().strict_order) {
    open.asked_all = 1;
  } else if (++first == servers_of(open).size()) {
    if (why == Why::refused) co_return false;
    --first;
  }
  const bool sent = co_await send(open, first);
  co_return sent;
}

posix::Task<bool> DnsmasqForwarding::read_answers(Open& open) {
  dns::Bytes buffer(answers_.options().edns_packet_max + packet_slack);
  while (!open.done) {
    const auto received = co_await os_.recvfrom(open.fd, buffer);
    if (!received.ok()) break;
    dns::Bytes message(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(received.value));
    co_await take(open, std::move(message), received.from);
  }
  co_return true;
}

posix::Task<bool> DnsmasqForwarding::take(Open& open, dns::Bytes message, Endpoint from) {
  const auto header = dns::decode_header(message);
  if (!header || !header->response() || header->id != open.id || !same_question(open.query, message))
    co_return false;
  const auto& servers = servers_of(open);
  const auto server =
      std::ranges::find(servers, from.address, [](Ipv4Address one) { return IpAddress{one}; });
  if (server == servers.end() || from.port != dns_port) co_return false;

  const dns::Rcode rcode = header->rcode();
  memory_.groups[open.group].answered(static_cast<std::size_t>(server - servers.begin()),
                                      rcode == dns::refused);
  if ((rcode == dns::refused || rcode == dns::servfail) && open.asked_all == 0 && !open.has_options) {
    co_await send_again(open, Why::refused);
    co_return false;
  }
  if (open.asked_all != 0 && --open.asked_all > 1 && rcode == dns::refused) co_return false;
  open.done = true;
  pass_on(open, std::move(message));
  co_await os_.close(open.fd);
  co_return true;
}

void DnsmasqForwarding::pass_on(Open& open, dns::Bytes message) {
  auto relayed = relay(answers_, open.query, std::move(message), now());
  memory_.cache.keep(std::move(relayed.kept), false);
  for (const Asker& asker : open.askers) {
    set_u16(relayed.message, 0, asker.id);
    deliver_(asker.client, relayed.message);
  }
}

void DnsmasqForwarding::refuse(dns::ByteView query, Client client,
                               std::optional<std::uint16_t> extended_error) {
  const auto read = read_dnsmasq_query(query);
  std::size_t limit = dns::classic_udp_limit;
  const std::size_t most = answers_.options().edns_packet_max;
  if (read->edns) limit = std::clamp<std::size_t>(read->edns->udp_payload_size, limit, most);
  deliver_(client, answers_.refuse(query, *read, limit, extended_error).message);
}

}  // namespace hanglab::servers
