// Writes a capture of DNS traffic to standard output: pcap, Ethernet, nanoseconds.   make_capture LOOKUPS
// [SEED]
//
// Lookups of A and AAAA by 2,000 clients, a fifth of them over IPv6, one begun every 50 us: 2 % are truncated
// and asked again over TCP, of which a tenth meets silence; 1 % are never answered and asked again after 5 s.
// Between them stands one packet of other traffic for each lookup. Checksums are right. The same words write
// the same bytes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <queue>
#include <string>
#include <vector>

#include "core/dns.hh"
#include "core/internet_checksum.hh"
#include "core/random.hh"
#include "core/time.hh"

namespace {

using namespace hanglab;
using namespace std::chrono_literals;
using dns::Bytes;

constexpr Duration epoch = 1'700'000'000s;
constexpr Duration between_lookups = 50us;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint8_t protocol_udp = 17;
constexpr std::uint8_t fin = 1, syn = 2, ack = 16;

struct Host {
  Bytes address;  // 4 octets or 16
  std::uint16_t port;
};

void put_u16(Bytes& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// `segment`: with its checksum, at `checksum_at`, still zero.
Bytes frame(const Host& from, const Host& to, std::uint8_t protocol, Bytes segment, std::size_t checksum_at) {
  InternetSum sum;
  sum.add(from.address);
  sum.add(to.address);
  sum.add(protocol);
  sum.add(static_cast<std::uint16_t>(segment.size()));
  sum.add(segment);
  const auto checksum = sum.checksum();
  put_u16(segment, checksum_at, checksum == 0 ? 0xffff : checksum);

  dns::Writer packet(segment.size() + 64);
  packet.raw(Bytes{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2});
  if (from.address.size() == 16) {
    packet.u16(0x86dd);
    packet.u32(0x60000000);
    packet.u16(static_cast<std::uint16_t>(segment.size()));
    packet.u8(protocol);
    packet.u8(64);
    packet.raw(from.address);
    packet.raw(to.address);
    packet.raw(segment);
    return packet.take();
  }
  packet.u16(0x0800);
  dns::Writer header(20);
  header.u16(0x4500);
  header.u16(static_cast<std::uint16_t>(20 + segment.size()));
  header.u32(0x00004000);
  header.u8(64);
  header.u8(protocol);
  header.u16(0);
  header.raw(from.address);
  header.raw(to.address);
  auto bytes = header.take();
  put_u16(bytes, 10, internet_checksum(bytes));
  packet.raw(bytes);
  packet.raw(segment);
  return packet.take();
}

Bytes udp(const Host& from, const Host& to, const Bytes& payload) {
  dns::Writer segment(payload.size() + 8);
  segment.u16(from.port);
  segment.u16(to.port);
  segment.u16(static_cast<std::uint16_t>(8 + payload.size()));
  segment.u16(0);
  segment.raw(payload);
  return frame(from, to, protocol_udp, segment.take(), 6);
}

Bytes tcp(const Host& from, const Host& to, std::uint8_t flags, std::uint32_t sequence,
          std::uint32_t acknowledgment, std::span<const std::uint8_t> payload = {}) {
  dns::Writer segment(payload.size() + 20);
  segment.u16(from.port);
  segment.u16(to.port);
  segment.u32(sequence);
  segment.u32(acknowledgment);
  segment.u8(0x50);
  segment.u8(flags);
  segment.u16(64240);
  segment.u32(0);
  segment.raw(payload);
  return frame(from, to, protocol_tcp, segment.take(), 16);
}

Bytes answer(std::uint16_t id, const dns::Question& question, std::uint16_t records, bool truncated) {
  dns::Writer message;
  const auto flags = static_cast<std::uint16_t>(0x8180 | (truncated ? dns::flag_tc : 0));
  message.header({.id = id, .flags = flags, .questions = 1, .answers = records});
  message.question(question);
  for (std::uint16_t i = 0; i < records; ++i) {
    message.pointer(dns::header_size);
    const Bytes address(question.type == dns::type_a ? 4 : 16, static_cast<std::uint8_t>(i + 1));
    message.record(question.type, 60, address);
  }
  return message.take();
}

struct Due {
  Duration at;
  std::uint64_t order;
  Bytes frame;
  bool operator>(const Due& other) const { return at != other.at ? at > other.at : order > other.order; }
};

class Capture {
 public:
  explicit Capture(std::uint64_t seed) : random_(seed) {
    dns::Writer header;
    for (const std::uint32_t word : {0x4d3cb2a1u, 0x02000400u, 0u, 0u, 0x00000400u, 0x01000000u})
      header.u32(word);
    const auto bytes = header.take();
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  }

  void lookup(Duration at) {
    write_until(at);
    const auto who = static_cast<std::uint32_t>(random_.below(2000));
    const bool v6 = who % 5 == 0;
    Host client = host(v6, who + 16);
    const Host server{host(v6, 1).address, 53};
    const auto id = static_cast<std::uint16_t>(random_.below(65536));
    const std::string name = "host" + std::to_string(random_.below(20'000)) + ".service.example.org";
    const dns::Question a{.name = name};
    const dns::Question aaaa{.name = name, .type = dns::type_aaaa};
    const auto other = static_cast<std::uint16_t>(id + 1);
    const auto chance = random_.below(1000);
    for (int attempt = 0; attempt < (chance < 10 ? 2 : 1); ++attempt) {
      add(at + attempt * 5s, udp(client, server, dns::encode_query(id, a)));
      add(at + attempt * 5s + 20us, udp(client, server, dns::encode_query(other, aaaa)));
    }
    other_traffic(at, client);
    if (chance < 10) return;
    const bool truncated = chance < 30;
    const Duration answered = at + 300us + Duration(static_cast<std::int64_t>(random_.below(2'000'000)));
    add(answered, udp(server, client, answer(id, a, truncated ? 29 : 2, truncated)));
    add(answered + 15us, udp(server, client, answer(other, aaaa, 1, false)));
    if (truncated) over_tcp(answered + 200us, client, server, id, a, chance < 12);
  }

  void write_until(Duration at) {
    while (!due_.empty() && due_.top().at <= at) {
      write(due_.top());
      due_.pop();
    }
  }

 private:
  Host host(bool v6, std::uint32_t number) {
    Bytes address = v6 ? Bytes{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0} : Bytes{};
    for (const auto octet : {std::uint32_t{10}, number >> 16, number >> 8, number})
      address.push_back(static_cast<std::uint8_t>(octet));
    return {address, static_cast<std::uint16_t>(20'000 + random_.below(40'000))};
  }

  void over_tcp(Duration at, Host client, const Host& server, std::uint16_t id, const dns::Question& question,
                bool silent) {
    client.port = static_cast<std::uint16_t>(20'000 + random_.below(40'000));
    const auto isn = static_cast<std::uint32_t>(random_.below(1u << 31));
    const auto other_isn = static_cast<std::uint32_t>(random_.below(1u << 31));
    if (silent) {
      for (const auto after : {0s, 1s, 3s, 7s}) add(at + after, tcp(client, server, syn, isn, 0));
      return;
    }
    const auto query = dns::framed(dns::encode_query(id, question));
    const auto whole = dns::framed(answer(id, question, 200, false));
    add(at, tcp(client, server, syn, isn, 0));
    add(at + 100us, tcp(server, client, syn | ack, other_isn, isn + 1));
    add(at + 120us, tcp(client, server, ack, isn + 1, other_isn + 1));
    add(at + 130us, tcp(client, server, ack, isn + 1, other_isn + 1, query));
    std::uint32_t sent = 0;
    for (auto when = at + 300us; sent < whole.size(); when += 10us) {
      const auto part = std::span(whole).subspan(sent, std::min<std::size_t>(1448, whole.size() - sent));
      add(when, tcp(server, client, ack, other_isn + 1 + sent, isn + 1, part));
      sent += static_cast<std::uint32_t>(part.size());
    }
    const auto acknowledged = other_isn + 1 + sent;
    const auto asked = isn + 1 + static_cast<std::uint32_t>(query.size());
    add(at + 500us, tcp(client, server, fin | ack, asked, acknowledged));
    add(at + 600us, tcp(server, client, fin | ack, acknowledged, asked + 1));
    add(at + 610us, tcp(client, server, ack, asked + 1, acknowledged + 1));
  }

  void other_traffic(Duration at, Host client) {
    const Host web{host(client.address.size() == 16, 7).address, 443};
    add(at + 30us, tcp(web, client, ack, 1, 1, Bytes(200, 0x17)));
  }

  void add(Duration at, Bytes frame) { due_.push({at, order_++, std::move(frame)}); }

  static void write(const Due& due) {
    const auto at = epoch + due.at;
    const std::uint32_t header[] = {
        static_cast<std::uint32_t>(at / 1s), static_cast<std::uint32_t>(at % 1s / 1ns),
        static_cast<std::uint32_t>(due.frame.size()), static_cast<std::uint32_t>(due.frame.size())};
    std::fwrite(header, 1, sizeof header, stdout);
    std::fwrite(due.frame.data(), 1, due.frame.size(), stdout);
  }

  Random random_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t order_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t lookups = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (lookups == 0) {
    std::fputs("usage: make_capture LOOKUPS [SEED] >FILE\n", stderr);
    return 2;
  }
  Capture capture(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  Duration at{};
  for (std::uint64_t i = 0; i < lookups; ++i, at += between_lookups) capture.lookup(at);
  capture.write_until(at + 1h);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
