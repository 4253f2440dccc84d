// glibc's DNS client below the name service switch: sending one or two queries to the configured
// servers over UDP and TCP, with its timeouts and fallbacks, and walking the search list.
// Source: glibc 2.28, 2.31 and 2.36 (Debian's 2.36-9+deb12u14 carries release/2.36/master, which
// differs from the tag), resolv/res_send.c, res_query.c, res_mkquery.c; resolv.conf(5).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/dns.hh"
#include "models/linux/resolv_conf.hh"
#include "models/posix/posix.hh"
#include "models/posix/task.hh"

namespace hanglab::resolvers::glibc {

// What differs between versions.
struct Version {
  bool recverr;        // IP_RECVERR on UDP sockets: 2.31 and later
  bool bare_refusals;  // takes a 12-byte SERVFAIL, NOTIMP or REFUSED without its question (Debian's 2.36)
  bool
      serial_gives_up;  // single-request: an error for the first query ends the server's turn (Debian's 2.36)
  bool shared_name_space;  // the answer buffer keeps names as nss_dns did before its rewrite in 2.37
};

// h_errno of <netdb.h>.
enum class HostError { none, host_not_found, try_again, no_recovery, no_data };

// What one query, or an A and an AAAA query together, came to.
struct Reply {
  int error = 0;  // errno where no server gave a usable answer; 0: one did
  std::optional<dns::Bytes> first{};
  std::optional<dns::Bytes> second{};
  bool second_came_first = false;
  std::optional<dns::Rcode> last_rcode{};  // of whatever was received last, usable or not
};

struct SearchResult {
  HostError host_error = HostError::none;
  int error = 0;  // errno as the search left it
  Reply reply{};
};

// The resolver state of one thread (struct __res_state): its configuration and open sockets.
class ResolverState {
 public:
  ResolverState(posix::Posix& os, const kernel::ResolvConf& configuration, const Version& version);

  // res_search: asks for `types` (one, or A and AAAA) of a name, with the search list applied.
  posix::Task<SearchResult> search(std::string name, std::vector<std::uint16_t> types);

 private:
  enum class Step { answered, next_server, over_tcp, give_up };

  struct Exchange {
    std::array<dns::Bytes, 2> queries{};
    std::size_t count = 1;
    std::array<std::optional<dns::Bytes>, 2> answers{};
    std::array<std::size_t, 2> buffers{2048, 0};  // what the first and second message received may use
    std::array<bool, 2> received{};               // answered, be it with an error
    bool second_came_first = false;
    std::optional<dns::Rcode> last_rcode{};
    int error = 0;                // terrno
    bool heard_anything = false;  // gotsomewhere
    bool reset_once = false;

    bool any_answer() const { return answers[0] || answers[1]; }
    bool all_received() const { return received[0] && (count == 1 || received[1]); }
  };

  struct UdpRound {
    Step step = Step::next_server;
    bool one_is_missing = false;  // timed out with one of two answers
  };

  posix::Task<SearchResult> query(std::string name, const std::vector<std::uint16_t>& types);
  posix::Task<Reply> send(Exchange exchange);
  posix::Task<Step> send_udp(Exchange& exchange, std::size_t server);
  posix::Task<UdpRound> udp_round(Exchange& exchange, std::size_t server, Duration limit);
  enum class Received { ignored, counted, truncated, useless, broken };
  posix::Task<Received> receive_udp(Exchange& exchange, std::size_t server);
  posix::Task<Step> send_tcp(Exchange& exchange, std::size_t server);
  posix::Task<Step> tcp_exchange(Exchange& exchange, std::size_t server);
  posix::Task<bool> read_exactly(Exchange& exchange, std::span<std::uint8_t> into);
  posix::Task<bool> open_udp(std::size_t server);
  posix::Task<int> close_sockets();

  std::optional<std::size_t> matching_query(const Exchange& exchange, dns::ByteView message) const;
  Endpoint server_endpoint(std::size_t server) const;

  posix::Posix& os_;
  const kernel::ResolvConf& configuration_;
  Version version_;
  int timeout_s_;  // 0 and less are kept, and then it waits 1 s
  int attempts_;   // 0 and less are kept, and then it sends nothing
  bool single_request_;
  bool single_request_reopen_;
  std::vector<int> udp_sockets_;  // one a server, -1: closed
  int tcp_socket_ = -1;
  std::optional<std::size_t> rotation_{};  // the first server of the next exchange
};

}  // namespace hanglab::resolvers::glibc
