#include "replay/pcap_writer.hh"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "core/error.hh"

namespace hanglab::replay {

namespace {
constexpr int snapshot_length = 262144;  // tcpdump's

bool can_be_replaced(const std::string& path) {
  std::error_code no_matter;
  const auto there = std::filesystem::symlink_status(path, no_matter);
  return !std::filesystem::exists(there) || std::filesystem::is_regular_file(there);
}
}  // namespace

void PcapWriter::Close::operator()(pcap_dumper* file) const { pcap_dump_close(file); }

void PcapWriter::fail(const std::string& problem) const {
  throw Error(fmt::format("{}: {}", path_, problem));
}

PcapWriter::PcapWriter(const std::string& path, int link_type)
    : path_(path), part_(can_be_replaced(path) ? path + ".part" : path) {
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> format(
      pcap_open_dead_with_tstamp_precision(link_type, snapshot_length, PCAP_TSTAMP_PRECISION_NANO),
      &pcap_close);
  if (!format) fail("libpcap cannot describe the capture");
  errno = 0;
  file_.reset(pcap_dump_open(format.get(), part_.c_str()));
  if (!file_) fail(errno != 0 ? std::strerror(errno) : pcap_geterr(format.get()));
}

void PcapWriter::write(std::span<const std::uint8_t> frame, Duration at) {
  if (!file_) fail("is closed");
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  pcap_pkthdr header{};
  header.ts.tv_sec = seconds.count();
  header.ts.tv_usec = (at - seconds).count();  // nanoseconds in a file of that precision
  header.caplen = header.len = static_cast<bpf_u_int32>(frame.size());
  pcap_dump(reinterpret_cast<u_char*>(file_.get()), &header, frame.data());
  if (std::ferror(pcap_dump_file(file_.get())) != 0) fail(std::strerror(errno));
  ++frames_;
}

void PcapWriter::close() {
  if (!file_) return;
  const bool flushed = pcap_dump_flush(file_.get()) == 0;
  const int problem = errno;
  file_.reset();
  if (!flushed) fail(std::strerror(problem));
  if (part_ != path_ && std::rename(part_.c_str(), path_.c_str()) != 0) fail(std::strerror(errno));
}

}  // namespace hanglab::replay
