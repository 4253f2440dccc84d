#include "models/resolvers/glibc_res.hh"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "core/big_endian.hh"

namespace hanglab::resolvers::glibc {

namespace {

using std::chrono::floor;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t dns_port = 53;
constexpr int most_timeout_s = 30;                 // RES_MAXRETRANS
constexpr int most_attempts = 5;                   // RES_MAXRETRY
constexpr std::uint16_t edns_payload_size = 1200;  // RESOLV_EDNS_BUFFER_SIZE
constexpr std::size_t largest_message = 65536;     // MAXPACKET
constexpr std::size_t single_query_buffer = 1024;  // gethostbyname2_r's own; getaddrinfo's for two has 2048

bool not_from_this_server(dns::Rcode rcode) {
  return rcode == dns::servfail || rcode == dns::notimp || rcode == dns::refused;
}

// A referral without data: the server does not recurse for us, another may.
bool lame(const dns::Header& header) {
  return header.rcode() == dns::noerror && header.answers == 0 && header.additionals == 0 &&
         (header.flags & (dns::flag_aa | dns::flag_ra)) == 0;
}

std::size_t dots_in(std::string_view name) { return static_cast<std::size_t>(std::ranges::count(name, '.')); }

// What the servers' answers mean for the caller, as res_query decides it.
HostError meaning_of(const Reply& reply) {
  const auto header_of = [](const std::optional<dns::Bytes>& message) {
    return message ? dns::decode_header(*message) : std::nullopt;
  };
  const auto first = header_of(reply.first);
  const auto second = header_of(reply.second);
  const auto has_answers = [](const std::optional<dns::Header>& h) {
    return h && h->rcode() == dns::noerror && h->answers > 0;
  };
  if (has_answers(first) || has_answers(second)) return HostError::none;
  const auto decisive = first && first->rcode() != dns::noerror ? first : (second ? second : first);
  switch (decisive ? decisive->rcode() : dns::servfail) {
    case dns::nxdomain: return HostError::host_not_found;
    case dns::servfail: return HostError::try_again;
    case dns::noerror: return HostError::no_data;
    default: return HostError::no_recovery;
  }
}

}  // namespace

ResolverState::ResolverState(posix::Posix& os, const kernel::ResolvConf& configuration,
                             const Version& version)
    : os_(os),
      configuration_(configuration),
      version_(version),
      timeout_s_(std::min(configuration.timeout_s, most_timeout_s)),
      attempts_(std::min(configuration.attempts, most_attempts)),
      single_request_(configuration.single_request || configuration.single_request_reopen),
      single_request_reopen_(configuration.single_request_reopen),
      udp_sockets_(configuration.nameservers.size(), -1) {}

Endpoint ResolverState::server_endpoint(std::size_t server) const {
  return {configuration_.nameservers[server], dns_port};
}

// --- the search list (res_query.c)

posix::Task<SearchResult> ResolverState::query(std::string name, const std::vector<std::uint16_t>& types) {
  Exchange exchange{.count = types.size()};
  if (types.size() == 1) exchange.buffers[0] = single_query_buffer;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto edns = configuration_.edns0 ? std::optional(edns_payload_size) : std::nullopt;
    exchange.queries[i] =
        dns::encode_query(static_cast<std::uint16_t>(os_.random()), {.name = name, .type = types[i]}, edns);
  }
  SearchResult result;
  result.reply = co_await send(std::move(exchange));
  result.error = result.reply.error;
  result.host_error = result.error != 0 ? HostError::try_again : meaning_of(result.reply);
  co_return result;
}

posix::Task<SearchResult> ResolverState::search(std::string name, std::vector<std::uint16_t> types) {
  const bool absolute = !name.empty() && name.back() == '.';
  if (absolute) name.pop_back();
  const std::size_t dots = dots_in(name);

  std::optional<HostError> as_it_is;
  if (absolute || dots >= static_cast<std::size_t>(configuration_.ndots)) {
    SearchResult result = co_await query(name, types);
    if (absolute || result.host_error == HostError::none) co_return result;
    as_it_is = result.host_error;
    if (configuration_.search.empty()) co_return result;
  }

  SearchResult last{.host_error = HostError::host_not_found};
  bool no_data_seen = false;
  bool server_failure_seen = false;
  for (const std::string& domain : configuration_.search) {
    // Named first: g++ 12 destroys twice what a conditional expression makes in an awaited call.
    std::string full_name = name;
    if (!domain.empty() && domain != ".") full_name += '.' + domain;
    last = co_await query(std::move(full_name), types);
    if (last.host_error == HostError::none) co_return last;
    if (last.error == ECONNREFUSED) co_return last;  // no server there: give up
    if (last.host_error == HostError::no_data) no_data_seen = true;
    const bool server_failed =
        last.host_error == HostError::try_again && last.reply.last_rcode == dns::servfail;
    if (server_failed) server_failure_seen = true;
    const bool keep_looking = last.host_error == HostError::no_data ||
                              last.host_error == HostError::host_not_found || server_failed;
    if (!keep_looking) break;
  }

  if (!as_it_is) {
    last = co_await query(name, types);
    if (last.host_error == HostError::none) co_return last;
  }
  if (as_it_is)
    last.host_error = *as_it_is;
  else if (no_data_seen)
    last.host_error = HostError::no_data;
  else if (server_failure_seen)
    last.host_error = HostError::try_again;
  co_return last;
}

// --- one exchange with the servers (res_send.c)

posix::Task<Reply> ResolverState::send(Exchange exchange) {
  bool over_tcp = configuration_.use_vc || std::ranges::any_of(exchange.queries, [](const auto& q) {
                    return q.size() > dns::classic_udp_limit;
                  });
  const std::size_t servers = udp_sockets_.size();
  std::size_t rotation = 0;
  if (configuration_.rotate) {
    rotation = rotation_ ? *rotation_ : os_.random() % servers;
    rotation_ = (rotation + 1) % servers;
  }
  exchange.error = ETIMEDOUT;

  for (int attempt = 0; attempt < attempts_; ++attempt) {
    for (std::size_t shift = 0; shift < servers; ++shift) {
      const std::size_t server = (shift + rotation) % servers;
      Step step = Step::over_tcp;
      if (!over_tcp) step = co_await send_udp(exchange, server);
      if (step == Step::over_tcp) {
        over_tcp = true;
        attempt = attempts_;  // over TCP each server is asked once
        step = co_await send_tcp(exchange, server);
      }
      if (step == Step::next_server) continue;
      co_await close_sockets();
      if (step == Step::give_up) co_return Reply{.error = exchange.error};
      co_return Reply{.first = std::move(exchange.answers[0]),
                      .second = std::move(exchange.answers[1]),
                      .second_came_first = exchange.second_came_first,
                      .last_rcode = exchange.last_rcode};
    }
  }
  co_await close_sockets();
  int error = exchange.heard_anything ? ETIMEDOUT : ECONNREFUSED;
  if (over_tcp) error = exchange.error != 0 ? exchange.error : EPIPE;  // an end of file leaves no errno
  co_return Reply{.error = error, .last_rcode = exchange.last_rcode};
}

posix::Task<int> ResolverState::close_sockets() {
  for (int& fd : udp_sockets_)
    if (fd >= 0) {
      co_await os_.close(fd);
      fd = -1;
    }
  if (tcp_socket_ >= 0) co_await os_.close(tcp_socket_);
  tcp_socket_ = -1;
  co_return 0;
}

// --- UDP

posix::Task<bool> ResolverState::open_udp(std::size_t server) {
  if (udp_sockets_[server] >= 0) co_return true;
  const Endpoint to = server_endpoint(server);
  const auto opened = co_await os_.socket(Transport::udp, true, version_of(to.address));
  if (!opened.ok()) co_return false;
  udp_sockets_[server] = static_cast<int>(opened.value);
  if (version_.recverr) co_await os_.set_recverr(udp_sockets_[server], version_of(to.address));
  const auto connected = co_await os_.connect(udp_sockets_[server], to);
  if (!connected.ok()) co_await close_sockets();
  co_return connected.ok();
}

posix::Task<ResolverState::Step> ResolverState::send_udp(Exchange& exchange, std::size_t server) {
  int wait = timeout_s_ << server;
  if (server > 0) wait /= static_cast<int>(udp_sockets_.size());
  const Duration limit = seconds(std::max(wait, 1));
  const bool heard_before = exchange.heard_anything;

  for (;;) {
    if (!co_await open_udp(server)) co_return Step::next_server;
    const UdpRound round = co_await udp_round(exchange, server, limit);
    if (!round.one_is_missing) co_return round.step;
    // One of two answers is missing: there are servers and firewalls that cannot take two requests
    // from one socket. Ask for one after the other; if that fails too, from a socket of its own each.
    if (single_request_ && single_request_reopen_) co_return Step::answered;
    exchange.heard_anything = heard_before;
    if (single_request_) {
      single_request_reopen_ = true;
      co_await close_sockets();
    }
    single_request_ = true;
  }
}

posix::Task<ResolverState::UdpRound> ResolverState::udp_round(Exchange& exchange, std::size_t server,
                                                              Duration limit) {
  const bool two = exchange.count == 2;
  exchange.answers = {};
  exchange.received = {};
  std::size_t sent = 0;
  const TimePoint finish = os_.now() + limit;
  Duration left = limit;
  posix::PollFd ready{.fd = udp_sockets_[server], .events = POLLOUT};

  for (;;) {
    posix::Result polled;
    bool waited = false;
    if (sent == 0) polled = co_await os_.poll({&ready, 1}, Duration(0));
    if (polled.value == 0) {
      polled = co_await os_.poll({&ready, 1}, floor<milliseconds>(left));
      waited = true;
    }
    if (polled.value == 0) {
      if (two && exchange.any_answer()) co_return UdpRound{.one_is_missing = true};
      exchange.heard_anything = true;
      co_return UdpRound{};
    }
    bool failed = false;
    if ((ready.revents & POLLOUT) != 0) {
      const bool both_at_once = sent == 0 && two && !single_request_;
      posix::Result result;
      if (both_at_once)
        result = co_await os_.sendmmsg(ready.fd, exchange.queries[0], exchange.queries[1]);
      else
        result = co_await os_.send(ready.fd, exchange.queries[sent]);
      failed = !result.ok();
      if (!failed) sent += both_at_once ? static_cast<std::size_t>(result.value) : 1;
      const bool more_now = two && sent == 1 && !single_request_;
      ready.events = static_cast<short>(more_now ? POLLIN | POLLOUT : POLLIN);
    } else if ((ready.revents & POLLIN) != 0) {
      const Received received = co_await receive_udp(exchange, server);
      failed = received == Received::broken;
      if (received == Received::truncated) {
        exchange.answers = {};  // both are asked again
        co_await close_sockets();
        co_return UdpRound{.step = Step::over_tcp};
      }
      if (received == Received::useless && !two) failed = true;
      if (received == Received::useless && single_request_ && version_.serial_gives_up) failed = true;
      const bool counts = received == Received::counted || (received == Received::useless && two);
      if (counts && exchange.all_received())
        co_return UdpRound{.step = exchange.any_answer() ? Step::answered : Step::next_server};
      if (received == Received::counted && single_request_ && sent == 1) {
        ready.events = POLLOUT;
        if (single_request_reopen_) {
          co_await close_sockets();
          if (!co_await open_udp(server)) co_return UdpRound{};
          ready.fd = udp_sockets_[server];
        }
      }
    } else {
      failed = true;  // POLLERR: an ICMP error came back
    }
    if (failed) {
      co_await close_sockets();
      co_return UdpRound{};
    }
    if (!waited) continue;  // only a wait makes glibc look at the clock again
    left = finish - os_.now();
    if (left <= Duration(0)) {
      co_await close_sockets();
      co_return UdpRound{};
    }
  }
}

std::optional<std::size_t> ResolverState::matching_query(const Exchange& exchange,
                                                         dns::ByteView message) const {
  const auto header = dns::decode_header(message);
  if (!header || !header->response()) return {};
  const auto question = dns::decode_question(message);
  const bool bare = message.size() == dns::header_size && header->questions == 0;
  if (!question && !(bare && version_.bare_refusals && not_from_this_server(header->rcode()))) return {};
  for (std::size_t i = 0; i < exchange.count; ++i) {
    if (exchange.received[i] || dns::decode_header(exchange.queries[i])->id != header->id) continue;
    const auto asked = dns::decode_question(exchange.queries[i]);
    if (!question || (asked->type == question->type && dns::same_name(asked->name, question->name))) return i;
  }
  return {};
}

posix::Task<ResolverState::Received> ResolverState::receive_udp(Exchange& exchange, std::size_t server) {
  const int fd = udp_sockets_[server];
  std::size_t& capacity = exchange.buffers[exchange.any_answer() ? 1 : 0];
  if (capacity < largest_message) {
    const auto waiting = co_await os_.fionread(fd);
    if (static_cast<std::size_t>(waiting.value) > capacity) capacity = largest_message;
  }
  dns::Bytes buffer(capacity);
  const auto received = co_await os_.recvfrom(fd, buffer);
  if (!received.ok())
    co_return received.error == EAGAIN || received.error == EINTR ? Received::ignored : Received::broken;
  exchange.heard_anything = true;
  buffer.resize(static_cast<std::size_t>(received.value));
  const auto header = dns::decode_header(buffer);
  if (!header) {
    exchange.error = EMSGSIZE;
    co_return Received::broken;
  }
  const auto match = matching_query(exchange, buffer);
  if (!match) co_return Received::ignored;
  exchange.last_rcode = header->rcode();
  if (not_from_this_server(header->rcode()) || lame(*header)) {
    // With the other answer at hand this one is done without; else it is waited for.
    exchange.received[*match] = true;
    if (exchange.any_answer()) exchange.received = {true, true};
    co_return Received::useless;
  }
  if (header->truncated()) co_return Received::truncated;
  if (!exchange.any_answer()) exchange.second_came_first = *match == 1;
  exchange.received[*match] = true;
  exchange.answers[*match] = std::move(buffer);
  co_return Received::counted;
}

// --- TCP

posix::Task<ResolverState::Step> ResolverState::send_tcp(Exchange& exchange, std::size_t server) {
  Step step = co_await tcp_exchange(exchange, server);
  if (step == Step::next_server && exchange.error == ECONNRESET && !exchange.reset_once) {
    // The server may have been restarted: ask it once more.
    exchange.reset_once = true;
    step = co_await tcp_exchange(exchange, server);
  }
  co_return step;
}

posix::Task<ResolverState::Step> ResolverState::tcp_exchange(Exchange& exchange, std::size_t server) {
  exchange.answers = {};
  exchange.received = {};
  exchange.error = 0;
  const Endpoint to = server_endpoint(server);
  const auto opened = co_await os_.socket(Transport::tcp, false, version_of(to.address));
  if (!opened.ok()) {
    exchange.error = opened.error;
    co_return Step::give_up;
  }
  tcp_socket_ = static_cast<int>(opened.value);
  const auto connected = co_await os_.connect(tcp_socket_, to);
  bool usable = connected.ok();
  if (!usable) exchange.error = connected.error;
  if (usable) {
    const auto first = dns::framed(exchange.queries[0]);
    const auto second = exchange.count == 2 ? dns::framed(exchange.queries[1]) : dns::Bytes{};
    const auto written = co_await os_.writev(tcp_socket_, first, second);
    usable = written.value == static_cast<std::int64_t>(first.size() + second.size());
    if (!usable) exchange.error = written.error;
  }
  std::size_t missing = exchange.count;
  while (usable && missing > 0) {
    std::array<std::uint8_t, 2> length{};
    usable = co_await read_exactly(exchange, length);
    if (!usable) break;
    dns::Bytes message(get_u16(length));
    if (message.size() < dns::header_size) {
      exchange.error = EMSGSIZE;
      usable = false;
      break;
    }
    usable = co_await read_exactly(exchange, message);
    if (!usable) break;
    const auto header = dns::decode_header(message);
    for (std::size_t i = 0; i < exchange.count; ++i) {
      if (exchange.answers[i] || dns::decode_header(exchange.queries[i])->id != header->id) continue;
      if (!exchange.any_answer()) exchange.second_came_first = i == 1;
      exchange.last_rcode = header->rcode();
      exchange.answers[i] = std::move(message);
      --missing;
      break;
    }
  }
  if (usable) co_return Step::answered;
  co_await close_sockets();
  co_return Step::next_server;
}

posix::Task<bool> ResolverState::read_exactly(Exchange& exchange, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    const auto got = co_await os_.read(tcp_socket_, into);
    if (got.value <= 0) {
      exchange.error = got.error;
      co_return false;
    }
    into = into.subspan(static_cast<std::size_t>(got.value));
  }
  co_return true;
}

}  // namespace hanglab::resolvers::glibc
