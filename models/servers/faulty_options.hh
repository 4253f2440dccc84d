// What the lab's own faulty DNS server is told: what becomes of a question over UDP (--udp=) and of a TCP
// connection (--tcp=), a word each; "late:3s" and "late:250ms" answer that much later. --local=/DOMAIN/ is as
// dnsmasq has it.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hh"
#include "core/time.hh"

namespace hanglab::servers {

enum class UdpFault { none, truncate, silent };
enum class TcpFault {
  none,
  close,              // as soon as the connection is accepted
  close_after_query,  // having read a question, without a word
  reset,              // with the question unread
  silent,             // reads, and never says anything
  half,               // sends the first half of the answer, and no more
};

struct FaultyOptions {
  UdpFault udp = UdpFault::none;
  Duration udp_delay{};
  TcpFault tcp = TcpFault::none;
  Duration tcp_delay{};
  std::string local{};  // its --local= options: the domains whose other names do not exist
};

// Throw InputError at `where`.
FaultyOptions parse_faulty_options(std::string_view options, const Location& where);
void check_faulty_version(std::string_view version, const Location& where);

}  // namespace hanglab::servers
