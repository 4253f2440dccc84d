// Packets for the tests of the packet filter, byte by byte, without checksums, which no filter looks at.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/address.hh"

namespace hanglab::kernel {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10;

inline void put16(Bytes& bytes, unsigned value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

inline void put32(Bytes& bytes, std::uint32_t value) {
  put16(bytes, value >> 16);
  put16(bytes, value & 0xffff);
}

inline Bytes ip(std::string_view source, std::string_view destination, std::uint8_t protocol,
                const Bytes& payload, unsigned fragment = 0) {
  Bytes bytes{0x45, 0};
  put16(bytes, static_cast<unsigned>(20 + payload.size()));
  put16(bytes, 0x1234);
  put16(bytes, fragment);
  bytes.insert(bytes.end(), {64, protocol, 0, 0});
  put32(bytes, parse_ipv4(source)->value);
  put32(bytes, parse_ipv4(destination)->value);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

// The parts of a flow: who sends, and with which ports.
struct Flow {
  std::string_view source = "192.168.122.119";
  std::string_view destination = "192.168.122.1";
  unsigned source_port = 40000;
  unsigned destination_port = 53;

  Flow reversed() const { return {destination, source, destination_port, source_port}; }
};

inline Bytes tcp(const Flow& flow, std::uint8_t flags, std::size_t data = 0) {
  Bytes segment;
  put16(segment, flow.source_port);
  put16(segment, flow.destination_port);
  put32(segment, 1000);
  put32(segment, 0);
  segment.insert(segment.end(), {0x50, flags, 0xff, 0xff, 0, 0, 0, 0});
  segment.resize(segment.size() + data);
  return ip(flow.source, flow.destination, 6, segment);
}

inline Bytes udp(const Flow& flow, std::size_t data = 33, unsigned fragment = 0) {
  Bytes datagram;
  put16(datagram, flow.source_port);
  put16(datagram, flow.destination_port);
  put16(datagram, static_cast<unsigned>(8 + data));
  put16(datagram, 0);
  datagram.resize(datagram.size() + data);
  return ip(flow.source, flow.destination, 17, datagram, fragment);
}

inline Bytes echo(const Flow& flow, std::uint8_t type, unsigned id = 7) {
  Bytes message{type, 0, 0, 0};
  put16(message, id);
  put16(message, 1);
  return ip(flow.source, flow.destination, 1, message);
}

// "destination unreachable" that quotes the header and 8 bytes of a packet.
inline Bytes unreachable(const Flow& flow, std::uint8_t code, const Bytes& about) {
  Bytes message{3, code, 0, 0, 0, 0, 0, 0};
  message.insert(message.end(), about.begin(), about.begin() + 28);
  return ip(flow.source, flow.destination, 1, message);
}

}  // namespace hanglab::kernel
