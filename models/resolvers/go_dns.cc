#include "models/resolvers/go_dns.hh"

#include <poll.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "core/big_endian.hh"

namespace hanglab::resolvers::go {

namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t largest_packet = 1232;  // dnsflagday.net/2020
const std::string no_such_host = "no such host";
const std::string timed_out = "i/o timeout";
const std::string cannot_unmarshal = "cannot unmarshal DNS message";
const std::string invalid_response = "invalid DNS response";

// Go's table of errors has Linux' words, in lower case.
std::string words_of(int error) {
  if (error == ETIME) return timed_out;  // see DnsClient::read
  const char* text = strerrordesc_np(error);
  std::string words = text != nullptr ? text : "errno " + std::to_string(error);
  words[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
  return words;
}

Response failure(std::string error) { return {.error = std::move(error)}; }

// A label is empty in "name..", which the search list "." makes, and may be too long in the search list.
bool can_be_sent(std::string_view name) {
  while (!name.empty()) {
    const auto length = std::min(name.find('.'), name.size());
    if (length == 0 || length > 63) return false;
    name.remove_prefix(std::min(length + 1, name.size()));
  }
  return true;
}

bool answers_query(dns::ByteView message, const dns::Bytes& query) {
  const auto header = dns::decode_header(message);
  const auto question = dns::decode_question(message);
  const auto asked = dns::decode_question(query);
  return header->response() && header->id == dns::decode_header(query)->id && question->type == asked->type &&
         question->klass == asked->klass && dns::same_name(question->name, asked->name);
}

}  // namespace

posix::Task<Response> DnsClient::ask(std::string name, std::uint16_t type) {
  const std::size_t first = config_.rotate ? offset_++ : 0;
  if (!can_be_sent(name)) co_return failure("cannot marshal DNS message");
  const dns::Question question{.name = name.substr(0, name.size() - 1), .type = type};
  Response last;
  for (int attempt = 0; attempt < config_.attempts; ++attempt) {
    for (std::size_t i = 0; i < config_.servers.size(); ++i) {
      const Endpoint server = config_.servers[(first + i) % config_.servers.size()];
      last = co_await exchange(server, question);
      if (!last.ok()) continue;
      last.error = problem_of(last.message, type);
      if (last.ok() || last.error == no_such_host) co_return last;  // no other server would know better
    }
  }
  co_return last;
}

// Empty: the message holds an answer of that type (checkHeader, skipToAnswer).
std::string DnsClient::problem_of(const dns::Bytes& bytes, std::uint16_t type) const {
  const auto message = dns::decode(bytes);
  if (!message) return cannot_unmarshal;
  int rcode = message->header.rcode();
  if (const auto* opt = message->opt(); opt && version_.reads_opt)
    rcode |= static_cast<int>(opt->ttl >> 24) << 4;
  if (rcode == dns::nxdomain) return no_such_host;
  const bool promises_nothing = (message->header.flags & (dns::flag_aa | dns::flag_ra)) == 0 &&
                                message->answers.empty() &&
                                !(version_.reads_opt && !message->additionals.empty());
  if (rcode == dns::noerror && promises_nothing) return "lame referral";
  if (rcode != dns::noerror) return "server misbehaving";
  return std::ranges::count(message->answers, type, &dns::Record::type) > 0 ? "" : no_such_host;
}

posix::Task<Response> DnsClient::exchange(Endpoint server, const dns::Question& question) {
  dns::Bytes query = dns::encode_query(static_cast<std::uint16_t>(os_.random()), question, largest_packet);
  if (config_.trust_ad) query[3] |= dns::flag_ad;
  if (!config_.use_tcp) {
    Response response = co_await exchange_over(Transport::udp, server, query);
    if (!response.ok() || !dns::decode_header(response.message)->truncated()) co_return response;
  }
  Response response = co_await exchange_over(Transport::tcp, server, query);
  const bool truncated = response.ok() && dns::decode_header(response.message)->truncated();
  if (truncated && !version_.takes_truncated_tcp) co_return failure("no answer from DNS server");
  co_return response;
}

posix::Task<Response> DnsClient::exchange_over(Transport transport, Endpoint server,
                                               const dns::Bytes& query) {
  const TimePoint deadline = os_.now() + config_.timeout;
  const Dialed dialed = co_await dial(transport, server, deadline);
  if (dialed.fd < 0) co_return failure(dialed.error);
  Response response;
  if (transport == Transport::udp)
    response = co_await packet_round_trip(dialed.fd, query, deadline);
  else
    response = co_await stream_round_trip(dialed.fd, query, deadline);
  co_await os_.close(dialed.fd);
  co_return response;
}

// --- net.Dialer

posix::Task<DnsClient::Dialed> DnsClient::dial(Transport transport, Endpoint server, TimePoint deadline) {
  const IpVersion version = version_of(server.address);
  const auto opened = co_await os_.socket(transport, true, version);
  if (!opened.ok()) co_return Dialed{.error = words_of(opened.error)};
  const int fd = static_cast<int>(opened.value);
  if (version == IpVersion::v6) co_await os_.setsockopt(fd, posix::Syscall::Option::v6only, 0, version);
  if (transport == Transport::udp) co_await os_.setsockopt(fd, posix::Syscall::Option::broadcast);
  const auto connected = co_await os_.connect(fd, server);
  std::string error;
  if (connected.error == EINPROGRESS)
    error = co_await finish_connect(fd, deadline);
  else if (!connected.ok())
    error = words_of(connected.error);
  if (!error.empty()) {
    co_await os_.close(fd);
    co_return Dialed{.error = error};
  }
  if (transport == Transport::tcp) co_await os_.setsockopt(fd, posix::Syscall::Option::nodelay);
  co_return Dialed{.fd = fd};
}

posix::Task<std::string> DnsClient::finish_connect(int fd, TimePoint deadline) {
  if (!co_await wait(fd, POLLOUT, deadline)) co_return timed_out;
  const auto error = co_await os_.so_error(fd);
  co_return error.value == 0 ? std::string() : words_of(static_cast<int>(error.value));
}

// --- net.Conn

// Waits for another message where one does not answer the query: it may be forged.
posix::Task<Response> DnsClient::packet_round_trip(int fd, const dns::Bytes& query, TimePoint deadline) {
  const auto written = co_await os_.write(fd, query);
  if (!written.ok()) co_return failure(words_of(written.error));
  for (;;) {
    dns::Bytes buffer(largest_packet);
    const auto got = co_await read(fd, buffer, deadline);
    if (!got.ok()) co_return failure(words_of(got.error));
    buffer.resize(static_cast<std::size_t>(got.value));
    if (dns::decode_question(buffer) && answers_query(buffer, query))
      co_return Response{.message = std::move(buffer)};
  }
}

posix::Task<Response> DnsClient::stream_round_trip(int fd, const dns::Bytes& query, TimePoint deadline) {
  const dns::Bytes request = dns::framed(query);
  const auto written = co_await os_.write(fd, request);
  if (!written.ok()) co_return failure(words_of(written.error));
  std::array<std::uint8_t, 2> length{};
  std::string error = co_await read_full(fd, length, deadline);
  if (!error.empty()) co_return failure(error);
  dns::Bytes message(get_u16(length));
  error = co_await read_full(fd, message, deadline);
  if (!error.empty()) co_return failure(error);
  if (!dns::decode_question(message)) co_return failure(cannot_unmarshal);
  if (!answers_query(message, query)) co_return failure(invalid_response);
  co_return Response{.message = std::move(message)};
}

posix::Task<std::string> DnsClient::read_full(int fd, std::span<std::uint8_t> into, TimePoint deadline) {
  for (std::size_t have = 0; have < into.size();) {
    const auto got = co_await read(fd, into.subspan(have), deadline);
    if (!got.ok()) co_return words_of(got.error);
    if (got.value == 0) co_return have == 0 ? "EOF" : "unexpected EOF";
    have += static_cast<std::size_t>(got.value);
  }
  co_return "";
}

// Tries first and waits afterwards. ETIME, which no socket returns, is the deadline.
posix::Task<posix::Result> DnsClient::read(int fd, std::span<std::uint8_t> into, TimePoint deadline) {
  for (;;) {
    const auto got = co_await os_.read(fd, into);
    if (got.error != EAGAIN) co_return got;
    if (!co_await wait(fd, POLLIN, deadline)) co_return posix::failure(ETIME);
  }
}

// A goroutine that parks. The runtime's poller waits in whole milliseconds, at least one (netpoll_epoll.go).
posix::Task<bool> DnsClient::wait(int fd, short events, TimePoint deadline) {
  for (;;) {
    const Duration left = deadline - os_.now();
    if (left <= Duration(0)) co_return false;
    posix::PollFd waiting{.fd = fd, .events = events};
    const Duration patience = std::max<Duration>(floor<milliseconds>(left), milliseconds(1));
    if ((co_await os_.poll({&waiting, 1}, patience)).value > 0) co_return true;
  }
}

}  // namespace hanglab::resolvers::go
