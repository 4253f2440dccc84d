// What a host sends, before its OUTPUT chain judges it: the packets that a rule drops, of which no capture
// tells, are what a hang is made of. A rule of the raw table, which the filter table's rules do not see,
// hands each datagram and segment to the lab (iptables-extensions(8) NFLOG, libnetfilter_log).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/packet_event.hh"
#include "live/host.hh"

struct nflog_handle;

namespace hanglab::live {

class OutputLog {
 public:
  // Throws Error where this machine's kernel or iptables has no NFLOG.
  OutputLog(const Host& host, std::uint32_t host_index);
  ~OutputLog();
  OutputLog(OutputLog&& other) noexcept;
  OutputLog& operator=(OutputLog&&) = delete;

  int fd() const;
  // What has come since the last call, at the time of reading: since 1970. The interface is the first.
  void read(std::vector<PacketEvent>& into);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of what a host sent, that which none of its taps saw leave: its rules dropped it, or it was meant for the
// host itself. `sent` and `tapped` may be of many hosts. Packets are matched by what no later step changes:
// addresses, identification, protocol and the first 8 octets behind the header, without the checksum.
std::vector<PacketEvent> never_left(const std::vector<PacketEvent>& sent,
                                    const std::vector<PacketEvent>& tapped);

}  // namespace hanglab::live
