// Packets between a client and a server as a test writes them: one line a packet, times in
// milliseconds, DNS messages with names and counts but without records behind the question.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/dns.hh"
#include "replay/captured_packet.hh"

namespace hanglab::replay {

constexpr Ipv4Address client_address{0xc0a87a77};  // 192.168.122.119
constexpr Ipv4Address server_address{0xc0a87a01};  // 192.168.122.1
constexpr Endpoint server{server_address, dns_port};
constexpr Duration epoch = std::chrono::seconds(1'700'000'000);

struct Talk {
  std::vector<CapturedPacket> packets{};
  Ipv4Address client = client_address;

  Talk& add(int ms, std::uint16_t port, bool to_server, decltype(CapturedPacket::header) header,
            std::vector<std::uint8_t> payload = {}) {
    const Endpoint us{client, port};
    const std::size_t size = payload.size();
    packets.push_back({.number = packets.size() + 1,
                       .at = epoch + std::chrono::milliseconds(ms),
                       .source = to_server ? us : server,
                       .destination = to_server ? server : us,
                       .header = header,
                       .payload = std::move(payload),
                       .payload_size = size});
    return *this;
  }

  static std::vector<std::uint8_t> message(std::uint16_t id, std::uint16_t flags, const std::string& name,
                                           std::uint16_t type, std::uint16_t answers = 0) {
    dns::Writer writer;
    writer.header({.id = id, .flags = flags, .questions = 1, .answers = answers});
    writer.question({.name = name, .type = type});
    return writer.take();
  }

  Talk& query(int ms, std::uint16_t port, std::uint16_t id, std::uint16_t type = dns::type_a,
              const std::string& name = "a.example") {
    return add(ms, port, true, UdpHeader{}, message(id, dns::flag_rd, name, type));
  }
  // Flags 0x8180: QR RD RA; with TC 0x8380, with NXDOMAIN 0x8183.
  Talk& answer(int ms, std::uint16_t port, std::uint16_t id, std::uint16_t answers,
               std::uint16_t type = dns::type_a, std::uint16_t flags = 0x8180,
               const std::string& name = "a.example") {
    return add(ms, port, false, UdpHeader{}, message(id, flags, name, type, answers));
  }
  Talk& truncated(int ms, std::uint16_t port, std::uint16_t id) {
    return answer(ms, port, id, 29, dns::type_a, 0x8380);
  }

  Talk& tcp(int ms, std::uint16_t port, bool to_server, int flags, std::uint32_t sequence,
            std::vector<std::uint8_t> payload = {}) {
    return add(ms, port, to_server,
               TcpHeader{.flags = static_cast<std::uint8_t>(flags), .sequence = sequence},
               std::move(payload));
  }
  Talk& syn(int ms, std::uint16_t port, std::uint32_t isn = 1000) {
    return tcp(ms, port, true, tcp_syn, isn);
  }
  Talk& syn_ack(int ms, std::uint16_t port) { return tcp(ms, port, false, tcp_syn | tcp_ack, 5000); }

  // A message in a segment of its own, as the first data of its direction.
  static std::vector<std::uint8_t> framed(const std::vector<std::uint8_t>& message) {
    std::vector<std::uint8_t> bytes{static_cast<std::uint8_t>(message.size() >> 8),
                                    static_cast<std::uint8_t>(message.size())};
    bytes.insert(bytes.end(), message.begin(), message.end());
    return bytes;
  }
  Talk& tcp_query(int ms, std::uint16_t port, std::uint16_t id, std::uint32_t isn = 1000) {
    return tcp(ms, port, true, tcp_ack, isn + 1, framed(message(id, dns::flag_rd, "a.example", dns::type_a)));
  }
  Talk& tcp_answer(int ms, std::uint16_t port, std::uint16_t id, std::uint16_t answers) {
    return tcp(ms, port, false, tcp_ack, 5001,
               framed(message(id, 0x8180, "a.example", dns::type_a, answers)));
  }

  Talk& icmp(int ms, std::uint16_t port, bool to_server, Transport about, std::uint8_t code = 3) {
    const Endpoint us{client, port};
    return add(ms, 0, to_server,
               IcmpError{.type = 3,
                         .code = code,
                         .about = about,
                         .about_source = to_server ? server : us,
                         .about_destination = to_server ? us : server});
  }
};

}  // namespace hanglab::replay
