// Capture files and IP packets built by hand, octet by octet.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/dns.hh"

namespace hanglab::replay {

// A directory of this process alone, gone with the test.
class ScratchDirectory {
 public:
  ScratchDirectory()
      : path_(std::filesystem::temp_directory_path() / ("hanglab-replay-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }

  std::string file(const std::string& name) const { return path_ / name; }
  std::string write(const std::string& name, const std::vector<std::uint8_t>& bytes) const {
    std::ofstream(file(name), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file(name);
  }

 private:
  std::filesystem::path path_;
};

inline std::vector<std::uint8_t> operator+(std::vector<std::uint8_t> front,
                                           const std::vector<std::uint8_t>& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

inline std::vector<std::uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// IPv4 without checksums: a capture of an offloading host lacks them too.
inline std::vector<std::uint8_t> ipv4(std::uint8_t protocol, std::uint32_t from, std::uint32_t to,
                                      const std::vector<std::uint8_t>& payload, std::uint8_t ttl = 64,
                                      std::uint16_t fragment = 0) {
  dns::Writer packet;
  packet.u16(0x4500);
  packet.u16(static_cast<std::uint16_t>(20 + payload.size()));
  packet.u16(0x1234);
  packet.u16(fragment);
  packet.u8(ttl);
  packet.u8(protocol);
  packet.u16(0);
  packet.u32(from);
  packet.u32(to);
  packet.raw(payload);
  return packet.take();
}

// 2001:db8::NUMBER
inline std::vector<std::uint8_t> ipv6_address(std::uint8_t number) {
  return {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number};
}

inline std::vector<std::uint8_t> ipv6(std::uint8_t next_header, std::uint8_t from, std::uint8_t to,
                                      const std::vector<std::uint8_t>& payload) {
  dns::Writer packet;
  packet.u32(0x60000000);
  packet.u16(static_cast<std::uint16_t>(payload.size()));
  packet.u8(next_header);
  packet.u8(64);
  packet.raw(ipv6_address(from));
  packet.raw(ipv6_address(to));
  packet.raw(payload);
  return packet.take();
}

// A part of a datagram: `offset` in octets, a multiple of 8.
inline std::vector<std::uint8_t> ipv4_fragment(std::uint8_t protocol, std::uint32_t from, std::uint32_t to,
                                               const std::vector<std::uint8_t>& datagram, std::size_t offset,
                                               std::size_t size) {
  const auto begin = datagram.begin() + static_cast<std::ptrdiff_t>(offset);
  const std::size_t taken = std::min(size, datagram.size() - offset);
  const bool more = offset + taken < datagram.size();
  return ipv4(protocol, from, to, {begin, begin + static_cast<std::ptrdiff_t>(taken)}, 64,
              static_cast<std::uint16_t>(offset / 8 | (more ? 0x2000 : 0)));
}

inline std::vector<std::uint8_t> ipv6_fragment(std::uint8_t next_header, std::uint8_t from, std::uint8_t to,
                                               const std::vector<std::uint8_t>& datagram, std::size_t offset,
                                               std::size_t size) {
  const auto begin = datagram.begin() + static_cast<std::ptrdiff_t>(offset);
  const std::size_t taken = std::min(size, datagram.size() - offset);
  dns::Writer payload;
  payload.u8(next_header);
  payload.u8(0);
  payload.u16(static_cast<std::uint16_t>(offset | (offset + taken < datagram.size() ? 1 : 0)));
  payload.u32(0xcafe);
  payload.raw({begin, begin + static_cast<std::ptrdiff_t>(taken)});
  return ipv6(44, from, to, payload.take());
}

inline std::vector<std::uint8_t> udp(std::uint16_t from, std::uint16_t to,
                                     const std::vector<std::uint8_t>& payload) {
  dns::Writer datagram;
  datagram.u16(from);
  datagram.u16(to);
  datagram.u16(static_cast<std::uint16_t>(8 + payload.size()));
  datagram.u16(0);
  datagram.raw(payload);
  return datagram.take();
}

inline std::vector<std::uint8_t> tcp(std::uint16_t from, std::uint16_t to, std::uint32_t sequence,
                                     std::uint8_t flags, const std::vector<std::uint8_t>& payload = {}) {
  dns::Writer segment;
  segment.u16(from);
  segment.u16(to);
  segment.u32(sequence);
  segment.u32(0);
  segment.u8(0x50);
  segment.u8(flags);
  segment.u16(64240);
  segment.u32(0);
  segment.raw(payload);
  return segment.take();
}

// A pcap file in big-endian order, which is not this machine's.
class PcapFile {
 public:
  PcapFile(std::uint32_t magic, std::uint32_t link_type) {
    bytes_.u32(magic);
    bytes_.u16(2);
    bytes_.u16(4);
    bytes_.u32(0);
    bytes_.u32(0);
    bytes_.u32(262144);
    bytes_.u32(link_type);
  }

  PcapFile& packet(std::uint32_t seconds, std::uint32_t fraction, const std::vector<std::uint8_t>& frame,
                   std::size_t lacking = 0) {
    bytes_.u32(seconds);
    bytes_.u32(fraction);
    bytes_.u32(static_cast<std::uint32_t>(frame.size()));
    bytes_.u32(static_cast<std::uint32_t>(frame.size() + lacking));
    bytes_.raw(frame);
    return *this;
  }

  std::vector<std::uint8_t> take() { return bytes_.take(); }

 private:
  dns::Writer bytes_;
};

constexpr std::uint32_t microseconds_magic = 0xa1b2c3d4;
constexpr std::uint32_t nanoseconds_magic = 0xa1b23c4d;

}  // namespace hanglab::replay
