// Any octets as a conversation between a few sockets and a server, over UDP and TCP: each packet takes 8
// octets that say when, which socket, which way, flags, sequence number and size, then its payload.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/big_endian.hh"
#include "replay/lookup_finder.hh"

namespace {

using namespace hanglab;
using namespace hanglab::replay;

constexpr std::size_t header_size = 8;
constexpr std::size_t most_open = 8;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> rest(data, size);
  // Time runs forward here, so no lookup ends before it begins.
  LookupFinder finder(
      [](CapturedLookup&& lookup) {
        if (lookup.duration < Duration(0) || lookup.packets == 0 || lookup.types.empty()) abort();
      },
      {.most_open = most_open});
  CapturedPacket packet;
  while (rest.size() >= header_size) {
    const std::uint8_t kind = rest[1];
    packet.number += 1;
    packet.at += std::chrono::milliseconds(rest[0] * rest[0]);
    const Endpoint client{Ipv4Address{1}, static_cast<std::uint16_t>(40'000 + kind % 4)};
    const Endpoint server{Ipv4Address{2}, dns_port};
    const bool to_server = (kind & 0x80) != 0;
    packet.source = to_server ? client : server;
    packet.destination = to_server ? server : client;
    const std::size_t payload = std::min<std::size_t>(rest[7], rest.size() - header_size);
    packet.payload.assign(rest.begin() + header_size,
                          rest.begin() + static_cast<std::ptrdiff_t>(header_size + payload));
    packet.payload_size = payload + ((kind & 0x40) != 0 ? 10 : 0);
    if ((kind & 0x30) == 0)
      packet.header = UdpHeader{};
    else if ((kind & 0x30) == 0x10)
      packet.header = IcmpError{.type = 3,
                                .code = rest[2],
                                .about = (rest[2] & 0x10) != 0 ? Transport::tcp : Transport::udp,
                                .about_source = to_server ? server : client,
                                .about_destination = to_server ? client : server};
    else
      packet.header =
          TcpHeader{.flags = rest[2], .sequence = get_u16(rest, 3), .acknowledgment = get_u16(rest, 5)};
    finder.add(packet);
    rest = rest.subspan(header_size + payload);
  }
  finder.finish(packet.at);
  return 0;
}
