// The DNS client of Go's net package: one question to the servers of resolv.conf in turn, over UDP with
// EDNS(0) and, where that answer is truncated, TCP. Each exchange has a socket and a deadline of its own,
// `timeout` from its start, so that a question can take attempts * servers * 2 * timeout.
// Source: Go 1.19.8, net/dnsclient_unix.go, dial.go, udpsock_posix.go, fd_unix.go, internal/poll; later
// versions where Version says so. Not modelled: TCP keep-alive probes, which begin after 15 s of silence, and
// which answer a connection that is open then.
#pragma once

#include <optional>
#include <string>

#include "core/dns.hh"
#include "models/posix/posix.hh"
#include "models/posix/task.hh"
#include "models/resolvers/go_config.hh"

namespace hanglab::resolvers::go {

// What differs between versions. The later ones were read in golang/go: dnsclient_unix.go at 01340f00, of the
// time of 1.26, with the conf.go and dnsconfig_unix.go that 1.21 brought.
struct Version {
  bool knows_trust_ad;        // and edns0, no-reload: no unknown options
  bool skips_root_in_search;  // "search ." adds nothing; before, a name that cannot be sent
  bool searches_onion;        // "x.onion" is asked for with the search list, not alone; before, not at all
  bool orders_all;            // nsswitch's order holds whatever stands there, and an unknown service without
                              // "dns" means it; before, what is unknown makes it "files dns"
  bool files_say_not_found;   // "hosts: files" alone: no such host; before, no address and no error
  bool takes_truncated_tcp;  // TC in an answer over TCP is passed over; before, it is no answer (issue 64896)
  bool reads_opt;            // extended RCODEs; an answer with additional records is no lame referral
};

struct Response {
  std::string error{};  // in Go's words, without what stands before the last ": "; empty: `message` answers
  dns::Bytes message{};

  bool ok() const { return error.empty(); }
};

// One process' DNS client.
class DnsClient {
 public:
  DnsClient(posix::Posix& os, const Config& config, const Version& version)
      : os_(os), config_(config), version_(version) {}

  // Asks for one type of one name, which ends in a dot (tryOneName).
  posix::Task<Response> ask(std::string name, std::uint16_t type);

 private:
  // A descriptor, or why there is none.
  struct Dialed {
    int fd = -1;
    std::string error{};
  };

  posix::Task<Response> exchange(Endpoint server, const dns::Question& question);
  posix::Task<Response> exchange_over(Transport transport, Endpoint server, const dns::Bytes& query);
  posix::Task<Dialed> dial(Transport transport, Endpoint server, TimePoint deadline);
  posix::Task<std::string> finish_connect(int fd, TimePoint deadline);
  posix::Task<Response> packet_round_trip(int fd, const dns::Bytes& query, TimePoint deadline);
  posix::Task<Response> stream_round_trip(int fd, const dns::Bytes& query, TimePoint deadline);
  posix::Task<std::string> read_full(int fd, std::span<std::uint8_t> into, TimePoint deadline);
  posix::Task<posix::Result> read(int fd, std::span<std::uint8_t> into, TimePoint deadline);
  posix::Task<bool> wait(int fd, short events, TimePoint deadline);
  std::string problem_of(const dns::Bytes& message, std::uint16_t type) const;

  posix::Posix& os_;
  const Config& config_;
  Version version_;
  std::size_t offset_ = 0;  // with `rotate`, the first server of the next question
};

}  // namespace hanglab::resolvers::go
