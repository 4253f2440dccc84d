// Capture files and IP packets built by hand, octet by octet.
#pragma once

#include <unistd.h>

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
