#include "models/servers/faulty.hh"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/big_endian.hh"
#include "models/servers/dnsmasq.hh"
#include "models/servers/dnsmasq_query.hh"
#include "models/servers/faulty_options.hh"

namespace hanglab::servers {

namespace {

constexpr std::uint16_t class_chaos = 3;
constexpr int listen_backlog = 32;

// From SYN+ACK to the FIN of a connection that is closed at once, kernel 6.18: half took up to 50 us after
// another one and up to 104 us after 20 ms of rest, from 28 us to 150 us and rarely more. Whether a query
// comes first, and the end is a RST, is a race.
constexpr Duration accept_time = std::chrono::microseconds(30);
constexpr Duration accept_spread = std::chrono::microseconds(30);

// Header and question alone, marked TC.
void truncate(Answer& answer) {
  const auto read = read_dnsmasq_query(answer.message);
  if (!read || read->questions_end == 0) return;
  answer.full_size = std::max(answer.full_size, answer.message.size());
  answer.message.resize(read->questions_end);
  set_u16(answer.message, 2, get_u16(answer.message, 2) | dns::flag_tc);
  for (std::size_t i = 6; i < dns::header_size; ++i) answer.message[i] = 0;  // no records of any section
}

void halve(Answer& answer) {
  if (answer.message.empty()) return;
  answer.message = dns::framed(answer.message);
  answer.message.resize(answer.message.size() / 2);
  answer.raw = true;
}

class FaultySession : public TcpSession {
 public:
  FaultySession(const FaultyOptions& options, std::unique_ptr<TcpSession> sound)
      : options_(options), sound_(std::move(sound)) {}

  Answer answer(dns::ByteView query, TimePoint now) override {
    Answer answer = sound_->answer(query, now);
    answer.delay = options_.tcp_delay;
    if (options_.tcp == TcpFault::silent) return {};
    if (options_.tcp == TcpFault::close_after_query) return {.close = true};
    if (options_.tcp == TcpFault::half) halve(answer);
    return answer;
  }

 private:
  const FaultyOptions& options_;
  std::unique_ptr<TcpSession> sound_;
};

class Faulty : public DnsServer {
 public:
  Faulty(FaultyOptions options, std::unique_ptr<DnsServer> sound)
      : options_(options), sound_(std::move(sound)) {}

  Answer answer(dns::ByteView query, TimePoint now) override {
    Answer answer = sound_->answer(query, now);
    const auto read = read_dnsmasq_query(query);
    if (read && read->klass == class_chaos) return answer;
    if (options_.udp == UdpFault::silent) return {};
    if (options_.udp == UdpFault::truncate) truncate(answer);
    answer.delay = options_.udp_delay;
    return answer;
  }

  std::unique_ptr<TcpSession> accept() override {
    return std::make_unique<FaultySession>(options_, sound_->accept());
  }

  TcpService tcp() const override {
    TcpService service{.backlog = listen_backlog, .accept_time = accept_time, .accept_spread = accept_spread};
    if (options_.tcp == TcpFault::close) service.refusal = TcpRefusal::close_at_once;
    if (options_.tcp == TcpFault::reset) service.refusal = TcpRefusal::reset;
    return service;
  }

  void restart(Random random) override { sound_->restart(random); }

 private:
  FaultyOptions options_;
  std::unique_ptr<DnsServer> sound_;
};

}  // namespace

std::unique_ptr<DnsServer> make_faulty(const FaultySetup& setup, std::vector<std::string>& warnings) {
  check_faulty_version(setup.version, setup.at);
  const auto options = parse_faulty_options(setup.options, setup.at);
  return std::make_unique<Faulty>(options, make_dnsmasq({.version = "2.90",
                                                         .options = "--no-resolv --no-hosts" + options.local,
                                                         .host_file = setup.host_file},
                                                        warnings));
}

}  // namespace hanglab::servers
