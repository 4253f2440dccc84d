#include "replay/capture_writer.hh"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/dns.hh"
#include "core/error.hh"
#include "replay/link_layer.hh"

namespace hanglab::replay {

namespace {

constexpr int snapshot_length = 262144;  // tcpdump's
constexpr std::uint16_t arphrd_ether = 1;
constexpr std::uint8_t sll_host = 0;
constexpr std::uint8_t sll_outgoing = 4;
constexpr std::size_t ipv4_source_at = 12;
constexpr std::size_t ipv4_header = 20;

std::vector<std::uint8_t> cooked(const PacketEvent& event) {
  dns::Writer frame(event.bytes.size() + 20);
  const bool ipv6 = !event.bytes.empty() && event.bytes[0] >> 4 == 6;
  frame.u16(ipv6 ? ethertype_ipv6 : ethertype_ipv4);
  frame.u16(0);
  frame.u32(event.interface + 1);
  frame.u16(arphrd_ether);
  frame.u8(event.direction == Direction::out ? sll_outgoing : sll_host);
  frame.u8(6);
  frame.u16(0x0200);
  std::array<std::uint8_t, 4> sender{};
  if (!ipv6 && event.bytes.size() >= ipv4_header)
    std::memcpy(sender.data(), event.bytes.data() + ipv4_source_at, sender.size());
  frame.raw(sender);
  frame.u16(0);
  frame.raw(event.bytes);
  return frame.take();
}

}  // namespace

void CaptureWriter::Close::operator()(pcap_dumper* file) const { pcap_dump_close(file); }

void CaptureWriter::fail(const std::string& problem) const {
  throw Error(fmt::format("{}: {}", path_, problem));
}

CaptureWriter::CaptureWriter(const std::string& path) : path_(path) {
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> format(
      pcap_open_dead_with_tstamp_precision(link_linux_sll2, snapshot_length, PCAP_TSTAMP_PRECISION_NANO),
      &pcap_close);
  if (!format) fail("libpcap cannot describe the capture");
  errno = 0;
  file_.reset(pcap_dump_open(format.get(), part().c_str()));
  if (!file_) fail(errno != 0 ? std::strerror(errno) : pcap_geterr(format.get()));
}

void CaptureWriter::write(const PacketEvent& event, Duration at) {
  if (!file_) fail("is closed");
  const auto frame = cooked(event);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  pcap_pkthdr header{};
  header.ts.tv_sec = seconds.count();
  header.ts.tv_usec = (at - seconds).count();  // nanoseconds in a file of that precision
  header.caplen = header.len = static_cast<bpf_u_int32>(frame.size());
  pcap_dump(reinterpret_cast<u_char*>(file_.get()), &header, frame.data());
  if (std::ferror(pcap_dump_file(file_.get())) != 0) fail(std::strerror(errno));
}

void CaptureWriter::close() {
  if (!file_) return;
  const bool flushed = pcap_dump_flush(file_.get()) == 0;
  const int problem = errno;
  file_.reset();
  if (!flushed) fail(std::strerror(problem));
  if (std::rename(part().c_str(), path_.c_str()) != 0) fail(std::strerror(errno));
}

}  // namespace hanglab::replay
