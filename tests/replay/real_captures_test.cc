// Captures of real programs between a client (192.168.122.119) and dnsmasq 2.90 (192.168.122.1), with what
// was measured at the program beside what the capture alone shows.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>

#include "core/dns.hh"
#include "core/error.hh"
#include "core/random.hh"
#include "replay/capture_lookups.hh"
#include "replay/packet_comparison.hh"
#include "tests/replay/capture_file.hh"

using namespace hanglab;
using namespace hanglab::replay;
using namespace std::chrono_literals;

namespace {

CaptureContents contents(const std::string& name) { return read_lookups("tests/captures/" + name + ".pcap"); }

CapturedLookup only_lookup(const std::string& name) {
  const auto read = contents(name);
  CHECK_FALSE(read.summary.damage);
  CHECK(read.summary.unplaced == UnplacedTraffic{});
  REQUIRE(read.lookups.size() == 1);
  return read.lookups[0];
}

std::vector<CapturedPacket> packets(const std::string& name) {
  CaptureReader reader("tests/captures/" + name + ".pcap");
  std::vector<CapturedPacket> all;
  while (auto packet = reader.next()) all.push_back(std::move(*packet));
  return all;
}

const std::vector<std::uint16_t> a_and_aaaa{dns::type_a, dns::type_aaaa};

}  // namespace

TEST_CASE("the incident: truncated at 497 bytes, no TCP to be seen, no end") {
  const auto read = contents("glibc-2.36-seed-vm");
  CHECK(read.summary.counts ==
        CaptureCounts{.packets = 29, .used = 4, .not_ip = 4, .not_dns = 21, .checksum_left_to_interface = 4});
  const auto lookup = only_lookup("glibc-2.36-seed-vm");
  CHECK(to_string(lookup.client) == "192.168.122.119");
  CHECK(lookup.name == "me.mydomain.net");
  CHECK(lookup.types == a_and_aaaa);
  CHECK(lookup.truncated == TruncatedAnswer{.bytes = 497, .answers = 29});
  CHECK(lookup.tcp == TcpEnd::none);
  CHECK(lookup.end == CapturedEnd::no_end_seen);
  CHECK(read.summary.last_at - lookup.start == 129'159'344us);  // the call took 131.22 s
  CHECK(lookup.packets == 4);
}

TEST_CASE("a clean lookup by glibc: five rounds of UDP and TCP, 256 addresses") {
  const auto lookup = only_lookup("glibc-2.36-clean-vm");
  CHECK(lookup.end == CapturedEnd::answered);
  CHECK(lookup.answers == 256);
  CHECK(lookup.rounds == 5);
  CHECK(lookup.retries == 0);
  CHECK(lookup.tcp == TcpEnd::answered);
  CHECK(lookup.connections == 5);
  CHECK(lookup.syns == 5);
  CHECK(lookup.packets == 83);
  CHECK(lookup.duration == 51'192us);
}

TEST_CASE("TCP dropped at the hypervisor: seven SYNs, no end") {
  const auto lookup = only_lookup("glibc-2.36-hv-drop-hv");
  CHECK(lookup.tcp == TcpEnd::unanswered);
  CHECK(lookup.syns == 7);
  CHECK(lookup.connections == 1);
  CHECK(lookup.end == CapturedEnd::no_end_seen);
}

TEST_CASE("TCP rejected: by RST at once, by ICMP with the second SYN") {
  const auto reset = only_lookup("glibc-2.36-hv-rst-vm");
  CHECK(reset.tcp == TcpEnd::refused);
  CHECK(reset.reason == "RST");
  CHECK(reset.duration == 3'659us);  // the call took 14 ms
  const auto icmp = only_lookup("glibc-2.36-hv-icmp-vm");
  CHECK(icmp.reason == "ICMP 3/3");
  CHECK(icmp.syns == 2);
  CHECK(icmp.duration == 1'013'743us);  // the call took 1.025 s
}

TEST_CASE("three addresses by UDP") {
  const auto lookup = only_lookup("glibc-2.36-small-hv");
  CHECK(lookup.end == CapturedEnd::answered);
  CHECK(lookup.answers == 3);
  CHECK(lookup.duration == 200us);
  CHECK_FALSE(lookup.truncated);
  CHECK(lookup.tcp == TcpEnd::none);
}

TEST_CASE("UDP dropped: both queries repeated after 5 s") {
  const auto lookup = only_lookup("glibc-2.36-udpdrop-vm");
  CHECK(lookup.retries == 2);
  CHECK(lookup.end == CapturedEnd::no_end_seen);
}

TEST_CASE("Go gives up on TCP after 5 s and starts over by UDP") {
  const auto lookup = only_lookup("go-1.19-tcpdrop-vm");
  CHECK(lookup.truncated == TruncatedAnswer{.bytes = 1228, .answers = 74});
  CHECK(lookup.connections == 2);
  CHECK(lookup.syns == 6);
  CHECK(lookup.retries == 1);
}

TEST_CASE("dig closes three connections that never answer, 10 s each") {
  const auto lookup = only_lookup("dig-9.18-synack-ok-data-drop-vm");
  CHECK(lookup.types == std::vector<std::uint16_t>{dns::type_a});
  CHECK(lookup.tcp == TcpEnd::silent);
  CHECK(lookup.connections == 3);
  CHECK(lookup.reason == "closed unanswered");
  CHECK(lookup.duration == 30'067'258us);
}

TEST_CASE("a real capture is reduced to the steps that matter") {
  const auto exchange = reduce(packets("glibc-2.36-hv-drop-hv"));
  std::vector<std::string> told;
  for (const auto& step : exchange.steps) told.push_back((step.to_server ? "-> " : "<- ") + step.what);
  std::vector<std::string> expected{"-> query A me.mydomain.net, flags 0x0100, 1/0/0/0, 33 bytes",
                                    "-> query AAAA me.mydomain.net, flags 0x0100, 1/0/0/0, 33 bytes",
                                    "<- answer A me.mydomain.net, flags 0x8780, 1/29/0/0, 497 bytes",
                                    "<- answer AAAA me.mydomain.net, flags 0x8180, 1/0/0/0, 33 bytes"};
  expected.insert(expected.end(), 7, "-> SYN");
  CHECK(told == expected);

  const auto clean = reduce(packets("glibc-2.36-clean-vm"));
  CHECK(clean.late_answers == 3);
  // Five rounds of 2 + 2 UDP messages, SYN, SYN+ACK, 2 + 2 messages over TCP, 2 FINs.
  CHECK(clean.steps.size() == 60);
}

TEST_CASE("a capture equals itself, and the incident does not equal the drop at the hypervisor") {
  const auto clean = packets("glibc-2.36-clean-vm");
  const auto same = compare_packets(clean, clean);
  CHECK(same.equal);
  CHECK(same.reordered == 0);
  const auto other = compare_packets(packets("glibc-2.36-hv-drop-hv"), packets("glibc-2.36-seed-vm"));
  CHECK_FALSE(other.equal);
  CHECK_THAT(other.difference, Catch::StartsWith("the simulation lacks a step\n"));
}

TEST_CASE("Two hundred damaged captures of real programs: cut, with flipped bits, with lying lengths") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("tests/captures"))
    if (entry.path().extension() == ".pcap") files.push_back(entry.path());
  std::ranges::sort(files);
  REQUIRE(files.size() > 90);
  const ScratchDirectory scratch;
  Random random(1, 0, "damage");
  std::size_t lookups = 0;
  std::size_t damaged = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    auto bytes = read_file(files[i % files.size()]);
    const auto somewhere = [&] { return random.below(bytes.size() - 4); };
    if (i % 3 == 0) bytes.resize(somewhere());
    if (i % 3 == 1)
      for (int flips = 0; flips < 20; ++flips)
        bytes[somewhere()] ^= static_cast<std::uint8_t>(1u << random.below(8));
    if (i % 3 == 2)
      for (int lies = 0; lies < 10; ++lies)
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(somewhere()), 2, 0xff);
    try {
      const auto read = read_lookups(scratch.write("damaged", bytes));
      lookups += read.lookups.size();
      damaged += read.summary.damage ? 1 : 0;
      for (const auto& lookup : read.lookups) CHECK(lookup.packets > 0);
    } catch (const Error&) {  // no capture at all any more
    }
  }
  CHECK(lookups > 100);
  CHECK(damaged > 100);
}
