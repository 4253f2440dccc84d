// Writes a pcap file with nanoseconds (magic 0xa1b23c4d), in this host's byte order. The same frames give the
// same bytes.
//
// The file grows as PATH.part and takes its name in close(): a run that was killed leaves no half
// file behind under the final name. What is there and no regular file (a pipe, a device, a link) is written
// into and stays. Throws Error, with the file's name.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/time.hh"

struct pcap_dumper;

namespace hanglab::replay {

class PcapWriter {
 public:
  PcapWriter(const std::string& path, int link_type);  // replay/link_layer.hh

  // `at` counts from 1970-01-01 00:00 UTC.
  void write(std::span<const std::uint8_t> frame, Duration at);
  void close();

  std::uint64_t frames() const { return frames_; }

 private:
  struct Close {
    void operator()(pcap_dumper* file) const;
  };

  [[noreturn]] void fail(const std::string& problem) const;

  std::string path_;
  std::string part_;  // the name under which it grows
  std::unique_ptr<pcap_dumper, Close> file_;
  std::uint64_t frames_ = 0;
};

}  // namespace hanglab::replay
