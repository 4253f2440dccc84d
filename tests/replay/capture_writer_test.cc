#include "replay/capture_writer.hh"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "core/error.hh"
#include "replay/capture_reader.hh"
#include "tests/core/hex.hh"
#include "tests/replay/capture_file.hh"

using namespace hanglab;
using namespace hanglab::replay;
using namespace std::chrono_literals;

namespace {

const PacketEvent query{
    .interface = 1,
    .direction = Direction::out,
    .bytes = ipv4(17, 0xc0a87a77, 0xc0a87a01, udp(45000, 53, dns::encode_query(1, {.name = "a.example"})))};
const PacketEvent syn_ack{.direction = Direction::in,
                          .bytes = ipv4(6, 0xc0a87a01, 0xc0a87a77, tcp(53, 40000, 1, tcp_syn | tcp_ack))};

void write_both(const std::string& path) {
  CaptureWriter writer(path);
  writer.write(query, 1'700'000'000s + 1ns);
  writer.write(syn_ack, 1'700'000'000s + 999'999'999ns);
  writer.close();
}

}  // namespace

TEST_CASE("the file is a nanosecond pcap of link type 276, with tcpdump's header before each packet") {
  const ScratchDirectory scratch;
  write_both(scratch.file("a.pcap"));
  const auto bytes = read_file(scratch.file("a.pcap"));
  REQUIRE(bytes.size() == 24 + (16 + 20 + 55) + (16 + 20 + 40));
  const auto part = [&bytes](std::ptrdiff_t from, std::ptrdiff_t size) {
    return std::vector<std::uint8_t>(bytes.begin() + from, bytes.begin() + from + size);
  };
  CHECK(part(0, 4) == hex("4d3cb2a1"));
  CHECK(part(20, 4) == hex("14010000"));
  CHECK(part(24, 16) == hex("00f15365 01000000 4b000000 4b000000"));
  // IPv4 on interface 2, ARPHRD_ETHER, outgoing, from 02:00:c0:a8:7a:77.
  CHECK(part(40, 20) == hex("0800 0000 00000002 0001 04 06 0200c0a87a77 0000"));
  CHECK(part(60, 55) == query.bytes);
  // On interface 1, to this host, from 02:00:c0:a8:7a:01.
  CHECK(part(131, 20) == hex("0800 0000 00000001 0001 00 06 0200c0a87a01 0000"));
}

TEST_CASE("what is written is read back with its nanoseconds") {
  const ScratchDirectory scratch;
  write_both(scratch.file("a.pcap"));
  CaptureReader reader(scratch.file("a.pcap"));
  const auto first = reader.next();
  const auto second = reader.next();
  CHECK_FALSE(reader.next());
  REQUIRE(second);
  CHECK(first->at == 1'700'000'000s + 1ns);
  CHECK(first->source == Endpoint{Ipv4Address{0xc0a87a77}, 45000});
  CHECK(second->at == 1'700'000'000s + 999'999'999ns);
  CHECK(std::get<TcpHeader>(second->header).flags == (tcp_syn | tcp_ack));
  CHECK(reader.counts() == CaptureCounts{.packets = 2, .used = 2, .checksum_left_to_interface = 2});
}

TEST_CASE("the same events make the same file") {
  const ScratchDirectory scratch;
  write_both(scratch.file("a.pcap"));
  write_both(scratch.file("b.pcap"));
  CHECK(read_file(scratch.file("a.pcap")) == read_file(scratch.file("b.pcap")));
}

TEST_CASE("the file has its name only once it is whole, and keeps what it got") {
  const ScratchDirectory scratch;
  const auto path = scratch.file("a.pcap");
  {
    CaptureWriter writer(path);
    writer.write(query, 1s);
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(std::filesystem::exists(path + ".part"));
    writer.close();
    writer.close();
    CHECK_FALSE(std::filesystem::exists(path + ".part"));
    CHECK_THROWS_WITH(writer.write(query, 2s), path + ": is closed");
  }
  CaptureReader reader(path);
  CHECK(reader.next());
  CHECK_FALSE(reader.next());

  { CaptureWriter never_closed(scratch.file("b.pcap")); }
  CHECK_FALSE(std::filesystem::exists(scratch.file("b.pcap")));
}

TEST_CASE("a file that cannot be written is named") {
  const ScratchDirectory scratch;
  const auto path = scratch.file("no/such/directory/a.pcap");
  CHECK_THROWS_WITH(CaptureWriter(path), path + ": No such file or directory");
  if (std::filesystem::exists("/dev/full")) {
    const auto full = scratch.file("full.pcap");
    std::filesystem::create_symlink("/dev/full", full + ".part");
    CaptureWriter writer(full);
    writer.write(query, 1s);
    CHECK_THROWS_WITH(writer.close(), full + ": No space left on device");
  }
}

TEST_CASE("tshark finds both packets and nothing malformed") {
  if (std::system("command -v tshark >/dev/null") != 0) {
    WARN("tshark is not installed: skipped");
    return;
  }
  const ScratchDirectory scratch;
  write_both(scratch.file("a.pcap"));
  const auto command = "tshark -r " + scratch.file("a.pcap") +
                       " -T fields -E separator=, -e frame.time_epoch -e sll.pkttype -e dns.qry.name"
                       " -e tcp.flags -e _ws.malformed 2>/dev/null";
  std::string output;
  FILE* const pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  for (std::array<char, 256> chunk{}; std::fgets(chunk.data(), chunk.size(), pipe) != nullptr;)
    output += chunk.data();
  CHECK(pclose(pipe) == 0);
  CHECK(output == "1700000000.000000001,4,a.example,,\n1700000000.999999999,0,,0x0012,\n");
}
