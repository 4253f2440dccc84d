#include "replay/capture_reader.hh"

#include <catch2/catch.hpp>

#include "core/error.hh"
#include "tests/core/hex.hh"
#include "tests/replay/capture_file.hh"

using namespace hanglab;
using namespace hanglab::replay;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t vm = 0xc0a87a77;
constexpr std::uint32_t hypervisor = 0xc0a87a01;

const std::vector<std::uint8_t> query_message = dns::encode_query(0xd192, {.name = "me.mydomain.net"});
const auto query = ipv4(17, vm, hypervisor, udp(45000, 53, query_message));

std::vector<CapturedPacket> read_all(CaptureReader& reader) {
  std::vector<CapturedPacket> packets;
  while (auto packet = reader.next()) packets.push_back(std::move(*packet));
  return packets;
}

}  // namespace

TEST_CASE("a query is read with its time, its endpoints and its payload, in micro- and nanoseconds") {
  const ScratchDirectory scratch;
  const auto [magic, fraction, at] = GENERATE(table<std::uint32_t, std::uint32_t, Duration>(
      {{microseconds_magic, 250'000, 1'700'000'000s + 250ms},
       {nanoseconds_magic, 123'456'789, 1'700'000'000s + 123'456'789ns}}));
  CaptureReader reader(
      scratch.write("a.pcap", PcapFile(magic, 101).packet(1'700'000'000, fraction, query).take()));
  const auto packets = read_all(reader);
  REQUIRE(packets.size() == 1);
  CHECK(packets[0] == CapturedPacket{.number = 1,
                                     .at = at,
                                     .source = {Ipv4Address{vm}, 45000},
                                     .destination = {Ipv4Address{hypervisor}, 53},
                                     .header = UdpHeader{},
                                     .payload = query_message,
                                     .payload_size = 33});
  CHECK(reader.counts() == CaptureCounts{.packets = 1, .used = 1, .checksum_left_to_interface = 1});
  CHECK(reader.first_at() == at);
  CHECK(reader.last_at() == at);
}

TEST_CASE("pcapng is read too, in the unit that it states") {
  dns::Writer file;
  const auto block = [&file](std::uint32_t type, const std::vector<std::uint8_t>& body) {
    file.u32(type);
    file.u32(static_cast<std::uint32_t>(12 + body.size()));
    file.raw(body);
    file.u32(static_cast<std::uint32_t>(12 + body.size()));
  };
  block(0x0a0d0d0a, hex("1a2b3c4d 0001 0000 ffffffffffffffff"));
  block(1, hex("0065 0000 00000000  0009 0001 09000000  0000 0000"));  // raw IP; if_tsresol: 10^-9
  // 1,700,000,000.000000007 s is 0x17979cfe362a0007 ns; 61 octets are padded to 64.
  block(6, hex("00000000 17979cfe 362a0007 0000003d 0000003d") + query + hex("000000"));

  const ScratchDirectory scratch;
  CaptureReader reader(scratch.write("a.pcapng", file.take()));
  const auto packets = read_all(reader);
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].at == 1'700'000'000s + 7ns);
  CHECK(packets[0].payload == query_message);
}

TEST_CASE("each packet that is of no use is counted by what it is") {
  const auto ethernet = hex("020000000001 020000000002");
  const auto framed = [&](std::string_view type, const std::vector<std::uint8_t>& packet) {
    return ethernet + hex(type) + packet;
  };
  PcapFile file(microseconds_magic, 1);
  file.packet(1, 0, framed("0806", hex("0001")))                                          // ARP
      .packet(2, 0, framed("86dd", hex("60000000")))                                      // four of IPv6
      .packet(3, 0, framed("0800", ipv4(17, vm, hypervisor, hex("0000"), 64, 0x2000)))    // first fragment
      .packet(4, 0, framed("0800", ipv4(17, vm, hypervisor, hex("0000"), 64, 0x00b9)))    // a later one
      .packet(5, 0, framed("0800", ipv4(17, vm, hypervisor, udp(68, 67, hex("01")))))     // DHCP
      .packet(6, 0, framed("0800", ipv4(6, vm, hypervisor, tcp(40000, 443, 1, 2))))       // HTTPS
      .packet(7, 0, framed("0800", ipv4(1, vm, hypervisor, hex("0800 0000 0001 0001"))))  // ping
      .packet(8, 0, framed("0800", ipv4(2, vm, hypervisor, hex("1100 0000 00000000"))))   // IGMP
      .packet(9, 0, framed("0800", ipv4(17, vm, hypervisor, hex("afc8 00"))))  // three octets of UDP
      .packet(10, 0, framed("0800", hex("4500")))                              // two of IP
      .packet(11, 0, framed("0800", hex("4500")), 100)                         // no more captured
      .packet(12, 0, hex("02000000"))                                          // four of Ethernet
      .packet(13, 0, framed("0800", query));
  const ScratchDirectory scratch;
  CaptureReader reader(scratch.write("a.pcap", file.take()));
  const auto packets = read_all(reader);
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].number == 13);
  CHECK(reader.counts() == CaptureCounts{.packets = 13,
                                         .used = 1,
                                         .cut_short = 1,
                                         .unreadable = 4,
                                         .not_ip = 1,
                                         .fragments = 2,
                                         .not_dns = 4,
                                         .checksum_left_to_interface = 1});
  CHECK(reader.first_at() == 1s);
  CHECK(reader.last_at() == 13s);
}

TEST_CASE("a packet cut inside its payload is used, and says how long it was") {
  const ScratchDirectory scratch;
  auto cut = query;
  cut.resize(20 + 8 + 12);
  CaptureReader reader(
      scratch.write("a.pcap", PcapFile(microseconds_magic, 101).packet(1, 0, cut, 21).take()));
  const auto packets = read_all(reader);
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].payload.size() == 12);
  CHECK(packets[0].payload_size == 33);
  CHECK(reader.counts() ==
        CaptureCounts{.packets = 1, .used = 1, .used_in_part = 1, .checksum_left_to_interface = 1});
}

TEST_CASE("the padding of a short Ethernet frame is not payload") {
  const ScratchDirectory scratch;
  const auto ack = ipv4(6, vm, hypervisor, tcp(40000, 53, 77, tcp_ack));
  const auto frame = hex("020000000001 020000000002 0800") + ack + hex("000000000000");
  CaptureReader reader(scratch.write("a.pcap", PcapFile(microseconds_magic, 1).packet(1, 0, frame).take()));
  const auto packets = read_all(reader);
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].payload.empty());
  CHECK(std::get<TcpHeader>(packets[0].header) == TcpHeader{.flags = tcp_ack, .sequence = 77});
}

TEST_CASE("an ICMP error names the packet that it is about, even if it quotes 8 octets of it only") {
  const ScratchDirectory scratch;
  auto quoted = ipv4(6, vm, hypervisor, tcp(40000, 53, 1, tcp_syn));
  quoted.resize(28);
  const auto error = ipv4(1, hypervisor, vm, hex("0303 0000 00000000") + quoted);
  CaptureReader reader(scratch.write("a.pcap", PcapFile(microseconds_magic, 101).packet(1, 0, error).take()));
  const auto packets = read_all(reader);
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].source == Endpoint{Ipv4Address{hypervisor}, 0});
  CHECK(std::get<IcmpError>(packets[0].header) ==
        IcmpError{.type = 3,
                  .code = 3,
                  .about = Transport::tcp,
                  .about_source = {Ipv4Address{vm}, 40000},
                  .about_destination = {Ipv4Address{hypervisor}, 53}});
}

TEST_CASE("on all interfaces at once, a packet that crosses several is yielded once") {
  const auto on_interface = [](int index, const std::vector<std::uint8_t>& packet) {
    return hex("0800 0000 000000") + std::vector{static_cast<std::uint8_t>(index)} +
           hex("0001 04 06 020000000001 0000") + packet;
  };
  const auto routed = ipv4(17, vm, hypervisor, udp(45000, 53, query_message), 63);
  PcapFile file(microseconds_magic, 276);
  file.packet(1, 0, on_interface(2, query))
      .packet(1, 10, on_interface(3, query))   // through the bridge
      .packet(1, 20, on_interface(4, routed))  // and out again, one hop further
      .packet(6, 0, on_interface(2, query));   // the retry, five seconds later
  const ScratchDirectory scratch;
  CaptureReader reader(scratch.write("a.pcap", file.take()));
  CHECK(read_all(reader).size() == 2);
  CHECK(reader.counts() ==
        CaptureCounts{.packets = 4, .used = 2, .copies = 2, .checksum_left_to_interface = 2});
}

TEST_CASE("a file damaged in its second packet gives the first, then says where it broke") {
  auto bytes = PcapFile(microseconds_magic, 101).packet(1, 0, query).packet(2, 0, query).take();
  bytes.resize(bytes.size() - 5);
  const ScratchDirectory scratch;
  const auto path = scratch.write("a.pcap", bytes);
  CaptureReader reader(path);
  CHECK(reader.next());
  // 24 octets of the file's header, 16 + 61 of the first packet.
  CHECK_THROWS_WITH(reader.next(), path + ": damaged at byte 101, after packet 1: it ends within a packet");
}

TEST_CASE("what is no capture, or of a link type that is not known, is refused with the file's name") {
  const ScratchDirectory scratch;
  CHECK_THROWS_WITH(CaptureReader(scratch.file("none.pcap")),
                    scratch.file("none.pcap") + ": No such file or directory");
  const auto text = scratch.write("text.pcap", hex("68656c6c6f20776f726c642068656c6c6f20776f726c6421"));
  CHECK_THROWS_WITH(CaptureReader(text),
                    Catch::StartsWith(text + ": ") && Catch::Contains("is neither a pcap nor a pcapng file"));
  const auto empty = scratch.write("empty.pcap", {});
  CHECK_THROWS_AS(CaptureReader(empty), InputError);
  const auto wifi = scratch.write("wifi.pcap", PcapFile(microseconds_magic, 105).take());
  CHECK_THROWS_WITH(CaptureReader(wifi), wifi + ": captures of link type 105 (IEEE802_11) cannot be read");
}
