// Writes what a tap saw as tcpdump -i any would, with Linux cooked headers v2
// (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html). Simulated interfaces have no hardware
// address, so a sender's is made from its IPv4 address: 192.168.122.1 sends from 02:00:c0:a8:7a:01, locally
// administered.
#pragma once

#include <string>

#include "core/packet_event.hh"
#include "core/time.hh"
#include "replay/pcap_writer.hh"

namespace hanglab::replay {

class CaptureWriter {
 public:
  explicit CaptureWriter(const std::string& path);

  // `at` counts from 1970-01-01 00:00 UTC.
  void write(const PacketEvent& event, Duration at);
  void close() { file_.close(); }

 private:
  PcapWriter file_;
};

}  // namespace hanglab::replay
