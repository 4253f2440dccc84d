// What passes an interface of a host, where tcpdump sits: packets on their way out after the OUTPUT chain, on
// their way in before INPUT. A packet socket (packet(7)) for each interface of the scenario; bridge ports are
// not among them, nor frames that a bridge floods to a host they are not for. What a host sends to itself
// passes `lo`, the interface behind the scenario's, and is shown once, coming in.
#pragma once

#include <cstdint>
#include <vector>

#include "core/packet_event.hh"
#include "live/host.hh"

namespace hanglab::live {

class PacketTap {
 public:
  PacketTap(const Host& host, std::uint32_t host_index, std::uint32_t interface_index);

  int fd() const { return socket_.get(); }
  // What has come since the last call. Times are since 1970.
  void read(std::vector<PacketEvent>& into);
  // Packets that the kernel had no room to keep for us.
  std::uint64_t dropped() const;

 private:
  Fd socket_;
  std::uint32_t host_;
  std::uint32_t interface_;
  bool loopback_ = false;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace hanglab::live
