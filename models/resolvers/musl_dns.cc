#include "models/resolvers/musl_dns.hh"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "core/big_endian.hh"

namespace hanglab::resolvers::musl {

namespace {

using std::chrono::floor;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t length_size = 2;     // before a message over TCP
constexpr std::size_t longest_name = 253;  // that a query can hold
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_tried = 255;  // of a name with its search domain

constexpr int most_timeout_s = 60;
constexpr int most_attempts = 10;

constexpr std::uint8_t flags_high_byte = 2;
constexpr std::uint8_t rcode_byte = 3;
constexpr std::size_t least_answer = 4;  // bytes, over UDP
constexpr std::size_t least_stream_answer = 13;

// Of an option's number musl reads digits alone: one with a sign leaves what it has without the option.
int number(int written, int most, int otherwise) { return written < 0 ? otherwise : std::min(written, most); }

struct Query {
  std::uint16_t type = dns::type_a;
  dns::Bytes message{};
  std::optional<dns::Bytes> answer{};  // as much of it as was read
  bool over_tcp = false;               // its UDP answer was truncated
  std::size_t written = 0;             // over TCP, with the length before it
  dns::Bytes read{};                   // likewise

  bool open() const { return !answer && !over_tcp; }
};

dns::Rcode rcode_of(dns::ByteView message) { return static_cast<dns::Rcode>(message[rcode_byte] & 0x0f); }

bool yes_or_no(dns::Rcode rcode) { return rcode == dns::noerror || rcode == dns::nxdomain; }

// One or two queries on their way to all name servers (__res_msend_rc).
class Exchange {
 public:
  Exchange(posix::Posix& os, const Version& version, const kernel::ResolvConf& configuration,
           std::vector<Query>& queries);

  // Ends when each query has its answer, the time is up, or a TCP connection broke.
  posix::Task<int> run();

 private:
  posix::Task<int> send_open_queries();
  posix::Task<int> receive_datagrams();
  posix::Task<int> take(dns::Bytes message, bool cut, Endpoint server);
  posix::Task<int> start_tcp(std::size_t i, Endpoint server);
  posix::Task<bool> write_tcp(std::size_t i);
  posix::Task<bool> read_tcp(std::size_t i);
  posix::PollFd& datagrams() { return polled_.back(); }

  posix::Posix& os_;
  const Version& version_;
  // All by one socket: of IPv6 as soon as one server is, and those of IPv4 by the addresses that stand for
  // them.
  IpVersion family_ = IpVersion::v4;
  std::vector<Endpoint> servers_{};
  milliseconds timeout_;
  milliseconds interval_;  // from one round of queries to the next
  std::vector<Query>& queries_;
  std::vector<posix::PollFd> polled_;  // the TCP socket of each query, and the UDP socket
  std::size_t servfail_retries_ = 0;
};

Exchange::Exchange(posix::Posix& os, const Version& version, const kernel::ResolvConf& configuration,
                   std::vector<Query>& queries)
    : os_(os),
      version_(version),
      timeout_(seconds(number(configuration.timeout_s, most_timeout_s, 5))),
      interval_(timeout_ / number(configuration.attempts, most_attempts, 2)),
      queries_(queries),
      polled_(queries.size() + 1) {
  if (std::ranges::any_of(configuration.nameservers, is_ipv6)) family_ = IpVersion::v6;
  for (const IpAddress& address : configuration.nameservers) {
    const bool maps = family_ == IpVersion::v6 && !is_ipv6(address);
    servers_.push_back({maps ? IpAddress(v4_mapped(ipv4_of(address))) : address, dns_port});
  }
}

posix::Task<int> Exchange::run() {
  const auto opened = co_await os_.socket(Transport::udp, true, family_);
  datagrams() = {.fd = static_cast<int>(opened.value), .events = POLLIN};
  co_await os_.bind(datagrams().fd, family_);
  // Too late for the kernel, and no matter: IPv6 sockets take IPv4 by themselves.
  if (family_ == IpVersion::v6)
    co_await os_.setsockopt(datagrams().fd, posix::Syscall::Option::v6only, 0, family_);
  const auto clock = [this] { return floor<milliseconds>(os_.now().time_since_epoch()); };
  const std::span all(polled_);
  const auto watched = version_.tcp ? all : all.last(1);
  const auto began = clock();
  auto sent_at = began - interval_;
  bool broken = false;
  for (auto now = began; !broken && now - began < timeout_; now = clock()) {
    if (std::ranges::all_of(queries_, [](const Query& query) { return query.answer.has_value(); })) break;
    if (now - sent_at >= interval_) {
      co_await send_open_queries();
      sent_at = now;
    }
    const auto ready = co_await os_.poll(watched, sent_at + interval_ - now);
    if (ready.value <= 0) continue;
    co_await receive_datagrams();
    for (std::size_t i = 0; i < queries_.size() && !broken; ++i)
      if ((polled_[i].revents & POLLOUT) != 0) broken = !co_await write_tcp(i);
    for (std::size_t i = 0; i < queries_.size() && !broken; ++i)
      if ((polled_[i].revents & POLLIN) != 0) broken = !co_await read_tcp(i);
  }
  for (const posix::PollFd& open : polled_)
    if (open.fd >= 0) co_await os_.close(open.fd);
  co_return 0;
}

posix::Task<int> Exchange::send_open_queries() {
  for (const Query& query : queries_)
    if (query.open())
      for (const Endpoint server : servers_) co_await os_.sendto(datagrams().fd, query.message, server);
  servfail_retries_ = 2 * queries_.size();
  co_return 0;
}

// --- UDP

posix::Task<int> Exchange::receive_datagrams() {
  while (std::ranges::any_of(queries_, &Query::open)) {
    dns::Bytes buffer(version_.buffer);
    posix::Result got;
    if (version_.tcp)
      got = co_await os_.recvmsg(datagrams().fd, buffer);
    else
      got = co_await os_.recvfrom(datagrams().fd, buffer);
    if (!got.ok()) break;
    buffer.resize(static_cast<std::size_t>(got.value));
    if (buffer.size() < least_answer || std::ranges::find(servers_, got.from) == servers_.end()) continue;
    co_await take(std::move(buffer), got.truncated, got.from);
  }
  if (std::ranges::none_of(queries_, &Query::open) && version_.tcp) datagrams().events = 0;
  co_return 0;
}

// A refusal or a format error counts for nothing: another server may know, or this one the next time.
posix::Task<int> Exchange::take(dns::Bytes message, bool cut, Endpoint server) {
  const auto query = std::ranges::find_if(queries_, [&](const Query& q) {
    return q.open() && std::equal(&message[0], &message[2], &q.message[0]);
  });
  if (query == queries_.end()) co_return 0;
  const dns::Rcode rcode = rcode_of(message);
  if (rcode == dns::servfail && servfail_retries_ > 0) {
    --servfail_retries_;
    co_await os_.sendto(datagrams().fd, query->message, server);
  }
  if (!yes_or_no(rcode)) co_return 0;
  const bool truncated = cut || (message[flags_high_byte] & dns::flag_tc >> 8) != 0;
  if (truncated && version_.tcp)
    co_await start_tcp(static_cast<std::size_t>(query - queries_.begin()), server);
  else
    query->answer = std::move(message);
  co_return 0;
}

// --- TCP

posix::Task<int> Exchange::start_tcp(std::size_t i, Endpoint server) {
  queries_[i].over_tcp = true;
  const int fd = static_cast<int>((co_await os_.socket(Transport::tcp, true, family_)).value);
  polled_[i] = {.fd = fd, .events = POLLOUT};
  co_await os_.setsockopt(fd, posix::Syscall::Option::fastopen_connect);
  const auto message = dns::framed(queries_[i].message);
  const posix::ByteView bytes(message);
  auto started = co_await os_.sendmsg(fd, bytes.first(length_size), bytes.subspan(length_size), server);
  if (started.error != EINPROGRESS) started = co_await os_.connect(fd, server);
  if (started.ok() || started.error == EINPROGRESS) co_return 0;
  co_await os_.close(fd);
  polled_[i].fd = -1;
  co_return 0;
}

posix::Task<bool> Exchange::write_tcp(std::size_t i) {
  Query& query = queries_[i];
  const auto message = dns::framed(query.message);
  const posix::ByteView bytes(message);
  const std::size_t length_left = length_size - std::min(query.written, length_size);
  const auto rest = bytes.subspan(query.written);
  const auto sent = co_await os_.sendmsg(polled_[i].fd, rest.first(length_left), rest.subspan(length_left));
  if (!sent.ok()) co_return false;
  query.written += static_cast<std::size_t>(sent.value);
  if (query.written == message.size()) polled_[i].events = POLLIN;
  co_return true;
}

// What does not fit the buffer is not waited for: the connection is closed with it unread.
posix::Task<bool> Exchange::read_tcp(std::size_t i) {
  Query& query = queries_[i];
  const std::size_t most = length_size + version_.buffer;
  const std::size_t before = query.read.size();
  query.read.resize(most);
  const auto got = co_await os_.recvmsg(polled_[i].fd, std::span(query.read).subspan(before));
  query.read.resize(before + static_cast<std::size_t>(std::max<std::int64_t>(got.value, 0)));
  if (got.value <= 0) co_return false;
  if (query.read.size() < length_size) co_return true;
  const std::size_t announced = get_u16(query.read);
  if (announced < least_stream_answer) co_return false;
  if (query.read.size() < std::min(length_size + announced, most)) co_return true;
  query.read.erase(query.read.begin(), query.read.begin() + length_size);
  if (!yes_or_no(rcode_of(query.read))) co_return false;
  query.answer = std::move(query.read);
  co_await os_.close(polled_[i].fd);
  polled_[i].fd = -1;
  co_return true;
}

// --- from queries to addresses

bool can_be_asked(std::string_view name) {
  if (name.size() > longest_name) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.' && label == 0) return false;
    label = c == '.' ? 0 : label + 1;
    if (label > longest_label) return false;
  }
  return label > 0;
}

// The queries for one name. Their ids come from the clock, and are made to differ.
std::vector<Query> queries_for(posix::Posix& os, const std::string& name, Family family) {
  std::vector<Query> queries;
  if (family != Family::inet6) queries.push_back({.type = dns::type_a});
  if (family != Family::inet) queries.push_back({.type = dns::type_aaaa});
  for (Query& query : queries)
    query.message =
        dns::encode_query(static_cast<std::uint16_t>(os.random()), {.name = name, .type = query.type});
  if (queries.size() == 2 && queries[0].message[0] == queries[1].message[0]) ++queries[1].message[0];
  return queries;
}

// Neither error nor address: there is no such name.
posix::Task<Answer> ask(posix::Posix& os, const Version& version, const kernel::ResolvConf& configuration,
                        std::string name, Family family) {
  if (!can_be_asked(name)) co_return Answer{};
  auto queries = queries_for(os, name, family);
  Exchange exchange(os, version, configuration, queries);
  co_await exchange.run();
  for (const Query& query : queries) {
    if (!query.answer) co_return Answer{.error = "EAI_AGAIN"};
    if (rcode_of(*query.answer) == dns::nxdomain) co_return Answer{};
  }
  if (version.aaaa_first) std::ranges::reverse(queries);
  Answer answer;
  for (const Query& query : queries) {
    const auto room = most_addresses - answer.addresses.size();
    const auto found = addresses_in(version, *query.answer, query.type, room);
    answer.addresses.insert(answer.addresses.end(), found.begin(), found.end());
  }
  if (answer.addresses.empty()) answer.error = version.no_address;
  co_return answer;
}

}  // namespace

posix::Task<Answer> search(posix::Posix& os, const Version& version, const kernel::ResolvConf& configuration,
                           std::string name, Family family) {
  if (configuration.attempts == 0) co_return Answer{.error = "SIGFPE"};  // it divides the timeout by them
  const bool absolute = name.back() == '.';
  if (absolute) name.pop_back();
  if (name.empty() || name.back() == '.') co_return Answer{.error = "EAI_NONAME"};
  if (!absolute && std::ranges::count(name, '.') < configuration.ndots)
    for (const std::string& domain : configuration.search) {
      if (name.size() + 1 + domain.size() > longest_tried) continue;
      Answer answer = co_await ask(os, version, configuration, name + '.' + domain, family);
      if (!answer.error.empty() || !answer.addresses.empty()) co_return answer;
    }
  Answer answer = co_await ask(os, version, configuration, name, family);
  if (answer.error.empty() && answer.addresses.empty()) answer.error = "EAI_NONAME";
  co_return answer;
}

std::vector<IpAddress> addresses_in(const Version& version, dns::ByteView message, std::uint16_t type,
                                    std::size_t room) {
  constexpr std::size_t question_rest = 4;                // type, class
  constexpr std::size_t record_rest = 10;                 // type, class, TTL, length
  constexpr unsigned farthest_pointer = 0xc000u | 0x1fe;  // that the older versions take
  std::vector<IpAddress> found;
  const auto header = dns::decode_header(message);
  if (!header || header->rcode() != dns::noerror) return found;
  if (std::size_t{header->questions} + header->answers > version.most_records) return found;
  std::size_t at = dns::header_size;
  // Past a name: labels and their lengths are all below 128. False where it and `rest` bytes do not fit.
  const auto skip_name = [&](std::size_t rest) {
    while (at < message.size() && message[at] > 0 && message[at] < 128) ++at;
    if (at + length_size + rest > message.size()) return false;
    const bool pointer = message[at] != 0;
    const unsigned target = static_cast<unsigned>(message[at] << 8 | message[at + 1]);
    at += pointer ? 2 : 1;
    return !pointer || version.far_pointers || target <= farthest_pointer;
  };
  for (int i = 0; i < header->questions; ++i) {
    if (!skip_name(question_rest)) return found;
    at += question_rest;
  }
  for (int i = 0; i < header->answers && found.size() < room; ++i) {
    if (!skip_name(record_rest)) return found;
    const unsigned record_type = message[at + 1];
    const auto length = static_cast<std::size_t>(message[at + 8] << 8 | message[at + 9]);
    at += record_rest;
    if (at + length > message.size()) return found;
    const auto data = message.subspan(at, length);
    at += length;
    if (record_type != type) continue;
    if (type == dns::type_a && length == 4) {
      found.push_back(Ipv4Address{get_u32(data)});
    } else if (type == dns::type_aaaa && length == 16) {
      std::ranges::copy(data, std::get<Ipv6Address>(found.emplace_back(Ipv6Address{})).bytes.begin());
    } else {
      return found;
    }
  }
  return found;
}

}  // namespace hanglab::resolvers::musl
