#include "replay/send/rewriter.hh"

#include <catch2/catch.hpp>

#include "core/internet_checksum.hh"
#include "replay/captured_packet.hh"
#include "replay/link_layer.hh"
#include "tests/replay/capture_file.hh"

namespace hanglab::replay {

namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint32_t client = 0x0a000002;  // 10.0.0.2
constexpr std::uint32_t server = 0x0a000001;

const Octets macs{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};  // destination, source

Octets joined(std::initializer_list<Octets> parts) {
  Octets all;
  for (const Octets& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Octets ethernet(const Octets& packet) { return joined({macs, {0x08, 0x00}, packet}); }

CapturedFrame captured(const Octets& bytes, int link_type = link_ethernet) {
  return {.number = 1, .link_type = link_type, .bytes = bytes, .size = bytes.size()};
}

Octets question(std::size_t size = 33) {
  return ipv4(17, client, server, udp(40000, 53, Octets(size, 0x5a)));
}

// A frame whose checksums are right: what the rewriter makes of one without.
Octets right(const Octets& frame) {
  FrameBlock block;
  Rewriter rewriter({});
  REQUIRE_FALSE(rewriter.rewrite(captured(frame), block));
  return {block.octets(block.frames[0]).begin(), block.octets(block.frames[0]).end()};
}

Octets one_of(Rewriter& rewriter, const CapturedFrame& frame) {
  FrameBlock block;
  REQUIRE_FALSE(rewriter.rewrite(frame, block));
  REQUIRE(block.frames.size() == 1);
  return block.bytes;
}

Octets one_of(RewriteRules rules, const CapturedFrame& frame) {
  Rewriter rewriter(std::move(rules));
  return one_of(rewriter, frame);
}

std::optional<Refusal> refused(RewriteRules rules, const CapturedFrame& frame) {
  FrameBlock block;
  const auto refusal = Rewriter(std::move(rules)).rewrite(frame, block);
  CHECK(block.frames.empty() == refusal.has_value());
  return refusal;
}

std::span<const std::uint8_t> part(const Octets& bytes, std::size_t at, std::size_t size) {
  return std::span(bytes).subspan(at, size);
}

// Over pseudo-header and transport of an IPv4 frame without options: 0 if its checksum is right.
std::uint16_t transport_sum(const Octets& frame) {
  InternetSum sum;
  sum.add(part(frame, 26, 8));
  sum.add(frame[23]);
  sum.add(static_cast<std::uint16_t>(frame.size() - 34));
  sum.add(part(frame, 34, frame.size() - 34));
  return sum.checksum();
}

}  // namespace

TEST_CASE("What needs no change is sent as it was captured, padding and all") {
  const Octets frame = joined({right(ethernet(question())), {1, 2, 3, 4}});
  Rewriter rewriter({});
  CHECK(one_of(rewriter, captured(frame)) == frame);
  CHECK(rewriter.checksums_put_right() == 0);
}

TEST_CASE("Addresses and ports change, and the checksums with them") {
  const Octets frame = right(ethernet(ipv4(6, client, server, tcp(40000, 5353, 7, tcp_syn))));
  CHECK(transport_sum(frame) == 0);
  for (const bool put_right : {true, false}) {
    Rewriter rewriter({.edit = {.addresses = {read_address_map("10.0.0.0/8=192.0.0.0/8")},
                                .ports = {{.from = 5353, .to = 53}},
                                .put_checksums_right = put_right}});
    Octets expected = frame;
    expected[26] = expected[30] = 192;
    expected[36] = 0;
    expected[37] = 53;
    Octets changed = one_of(rewriter, captured(frame));
    CHECK(internet_checksum(part(changed, 14, 20)) == 0);
    CHECK(transport_sum(changed) == 0);
    CHECK(rewriter.checksums_put_right() == 0);
    for (const std::size_t checksum : {24, 25, 50, 51}) changed[checksum] = expected[checksum];
    CHECK(changed == expected);
  }
}

TEST_CASE("A wrong checksum is put right and counted, or kept as wrong as it was") {
  Octets frame = right(ethernet(ipv4(6, client, server, tcp(40000, 53, 7, tcp_syn))));
  frame[50] ^= 0xff;
  Rewriter rewriter({});
  CHECK(transport_sum(one_of(rewriter, captured(frame))) == 0);
  CHECK(rewriter.checksums_put_right() == 1);
  CHECK(one_of({.edit = {.put_checksums_right = false}}, captured(frame)) == frame);
}

TEST_CASE("The packet that an ICMP error quotes is mapped, too") {
  const Octets quoted = question();
  Octets error = joined({{3, 3, 0, 0, 0, 0, 0, 0}, Octets(quoted.begin(), quoted.begin() + 28)});
  const Octets frame = right(ethernet(ipv4(1, server, client, error)));
  const Octets changed = one_of({.edit = {.addresses = {read_address_map("10.0.0.2=192.0.2.2")},
                                          .ports = {{.from = 40000, .to = 40001}},
                                          .put_checksums_right = false}},
                                captured(frame));
  CHECK(internet_checksum(part(changed, 34, changed.size() - 34)) == 0);
  const std::size_t inner = 42;
  CHECK(Octets(changed.begin() + inner + 12, changed.begin() + inner + 16) == Octets{192, 0, 2, 2});
  CHECK((changed[inner + 20] << 8 | changed[inner + 21]) == 40001);
  CHECK(Octets(changed.begin() + 30, changed.begin() + 34) == Octets{192, 0, 2, 2});
}

TEST_CASE("A cooked frame gets an Ethernet header, from here to the neighbour") {
  const Octets cooked = joined({{0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 0x08, 0x00}, question()});
  const MacAddress own{{2, 0, 0, 0, 0, 2}};
  const MacAddress neighbour{{2, 0, 0, 0, 0, 1}};
  const NextHop next_hop = [&](std::span<const std::uint8_t> address) -> std::optional<MacAddress> {
    if (address[3] != 1) return {};
    return neighbour;
  };
  CHECK(one_of({.own = own, .next_hop = next_hop}, captured(cooked, link_linux_sll)) ==
        right(ethernet(question())));
  CHECK(refused({.own = own}, captured(cooked, link_linux_sll)) == Refusal::no_neighbour);
}

TEST_CASE("VLAN tags are kept, taken off and put around") {
  const Octets tagged = joined({macs, {0x81, 0x00, 0x00, 0x07, 0x08, 0x00}, question()});
  const Octets plain = right(ethernet(question()));
  const Octets kept = one_of({}, captured(tagged));
  CHECK(Octets(kept.begin() + 12, kept.begin() + 18) == Octets{0x81, 0x00, 0x00, 0x07, 0x08, 0x00});
  CHECK(one_of({.strip_vlan = true}, captured(tagged)) == plain);
  const Octets around = one_of({.add_vlan = 9}, captured(tagged));
  CHECK(Octets(around.begin() + 12, around.begin() + 22) ==
        Octets{0x81, 0x00, 0x00, 0x09, 0x81, 0x00, 0x00, 0x07, 0x08, 0x00});
}

TEST_CASE("A packet over the MTU is refused, or cut into what the network can put together") {
  const Octets frame = ethernet(question(1492));  // 1520 octets of IP
  CHECK(refused({}, captured(frame)) == Refusal::too_long);
  FrameBlock block;
  Rewriter rewriter({.mtu = 1500, .fragment = true});
  REQUIRE_FALSE(rewriter.rewrite(captured(frame), block));
  REQUIRE(block.frames.size() == 2);
  CHECK(rewriter.fragmented() == 1);
  const auto first = block.octets(block.frames[0]);
  const auto second = block.octets(block.frames[1]);
  CHECK(first.size() == 14 + 1500);
  CHECK(second.size() == 14 + 20 + 20);
  CHECK(first[20] == 0x20);  // more fragments
  CHECK((second[20] << 8 | second[21]) == 1480 / 8);
  CHECK(internet_checksum(first.subspan(14, 20)) == 0);
  CHECK(internet_checksum(second.subspan(14, 20)) == 0);
}

TEST_CASE("An IPv6 packet over the MTU gets fragment headers") {
  Octets packet{0x60, 0, 0, 0, 0x05, 0xa0, 17, 64};  // 1440 octets of UDP
  packet.resize(40);
  packet = joined({packet, udp(40000, 53, Octets(1432, 0x5a))});
  FrameBlock block;
  Rewriter rewriter({.mtu = 1280, .fragment = true});
  REQUIRE_FALSE(rewriter.rewrite(captured(joined({macs, {0x86, 0xdd}, packet})), block));
  REQUIRE(block.frames.size() == 2);
  const auto first = block.octets(block.frames[0]).subspan(14);
  const auto second = block.octets(block.frames[1]).subspan(14);
  CHECK(first.size() == 1280);  // 40 + 8 + 1232
  CHECK(first[6] == 44);
  CHECK(Octets(first.begin() + 40, first.begin() + 44) == Octets{17, 0, 0, 1});
  CHECK(second.size() == 48 + 208);
  CHECK((second[42] << 8 | second[43]) == 1232);
}

TEST_CASE("What cannot be sent says why") {
  const Octets frame = ethernet(question());
  CHECK(refused({}, captured(joined({macs, {0x08, 0x06}, Octets(28)}))) == Refusal::not_ip);
  CHECK(refused({}, captured(Octets(9))) == Refusal::cut_short);
  CHECK(refused({}, captured(Octets(frame.begin(), frame.begin() + 30))) == Refusal::cut_short);
  Octets short_header = frame;
  short_header[14] = 0x43;
  CHECK(refused({}, captured(short_header)) == Refusal::unreadable);
  CHECK(refused({.allowed = {read_prefix("10.0.0.0/32")}}, captured(frame)) == Refusal::not_allowed);
  CHECK_FALSE(refused({.allowed = {read_prefix("10.0.0.0/30")}}, captured(frame)));
  CHECK_FALSE(refused({.only_clients = true}, captured(frame)));
  const Octets answer = ethernet(ipv4(17, server, client, udp(53, 40000, {1})));
  CHECK(refused({.only_clients = true}, captured(answer)) == Refusal::not_a_client);
  const Octets ping = ethernet(ipv4(1, client, server, {8, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(refused({.only_clients = true}, captured(ping)) == Refusal::no_ports);
}

TEST_CASE("Later fragments share the fate of their first, which alone names the port") {
  for (const bool v6 : {false, true}) {
    const auto fragment = [v6](std::uint8_t to, std::uint16_t port, std::size_t at) {
      const auto datagram = udp(40000, port, Octets(33, 0x5a));
      return captured(v6 ? joined({macs, {0x86, 0xdd}, ipv6_fragment(17, 2, to, datagram, at, 24)})
                         : ethernet(ipv4_fragment(17, client, to, datagram, at, 24)));
    };
    Rewriter rewriter({.only_clients = true});
    FrameBlock block;
    CHECK(rewriter.rewrite(fragment(1, 53, 24), block) == Refusal::stray_fragment);
    CHECK_FALSE(rewriter.rewrite(fragment(1, 53, 0), block));
    CHECK(rewriter.rewrite(fragment(3, 123, 0), block) == Refusal::not_a_client);
    CHECK_FALSE(rewriter.rewrite(fragment(1, 53, 24), block));
    CHECK(rewriter.rewrite(fragment(3, 123, 24), block) == Refusal::not_a_client);
    CHECK(block.frames.size() == 2);
  }
}

TEST_CASE("What the capture cut short is padded with zeros, if asked for") {
  CapturedFrame frame = captured(right(ethernet(ipv4(17, client, server, udp(1, 53, Octets(8, 0))))));
  const Octets whole = frame.bytes;
  frame.bytes.resize(frame.bytes.size() - 5);
  CHECK(refused({}, frame) == Refusal::cut_short);
  CHECK(one_of({.pad = true}, frame) == whole);
}

}  // namespace hanglab::replay
