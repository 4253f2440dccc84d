#include "replay/capture_writer.hh"

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/dns.hh"
#include "replay/link_layer.hh"

namespace hanglab::replay {

namespace {

constexpr std::uint16_t arphrd_ether = 1;
constexpr std::uint8_t sll_host = 0;
constexpr std::uint8_t sll_outgoing = 4;
constexpr std::size_t ipv4_source_at = 12;
constexpr std::size_t ipv6_source_at = 20;  // its last four octets
constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv6_header = 40;

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
  if (event.bytes.size() >= (ipv6 ? ipv6_header : ipv4_header))
    std::memcpy(sender.data(), event.bytes.data() + (ipv6 ? ipv6_source_at : ipv4_source_at), sender.size());
  frame.raw(sender);
  frame.u16(0);
  frame.raw(event.bytes);
  return frame.take();
}

}  // namespace

CaptureWriter::CaptureWriter(const std::string& path) : file_(path, link_linux_sll2) {}

void CaptureWriter::write(const PacketEvent& event, Duration at) { file_.write(cooked(event), at); }

}  // namespace hanglab::replay
