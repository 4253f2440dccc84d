// Writes what a tap saw as tcpdump -i any would: a pcap file with nanoseconds (magic 0xa1b23c4d) and
// Linux cooked headers v2 (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html), in this host's
// byte order. Simulated interfaces have no hardware address, so a sender's is made from its IPv4 address:
// 192.168.122.1 sends from 02:00:c0:a8:7a:01, locally administered. The same events give the same bytes.
//
// The file grows as PATH.part and takes its name in close(): a run that was killed leaves no half
// file behind under the final name. Throws Error, with the file's name.
#pragma once

#include <memory>
#include <string>

#include "core/packet_event.hh"
#include "core/time.hh"

struct pcap_dumper;

namespace hanglab::replay {

class CaptureWriter {
 public:
  explicit CaptureWriter(const std::string& path);

  // `at` counts from 1970-01-01 00:00 UTC.
  void write(const PacketEvent& event, Duration at);
  void close();

 private:
  struct Close {
    void operator()(pcap_dumper* file) const;
  };

  std::string part() const { return path_ + ".part"; }
  [[noreturn]] void fail(const std::string& problem) const;

  std::string path_;
  std::unique_ptr<pcap_dumper, Close> file_;
};

}  // namespace hanglab::replay
