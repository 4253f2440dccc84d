// Puts fragmented packets together, of IPv4 (RFC 791 3.2) and IPv6 (RFC 8200 4.5), as a reader of captures
// has to: a fragment that overlaps another spoils its packet (RFC 5722; Linux does so for IPv4, too), one
// that repeats another changes nothing. Bounded in packets, octets and time: what is not complete after
// Linux's time (30 s for IPv4, ipfrag_time; 60 s for IPv6, ip6frag_time), or the oldest where room is
// wanting, is given up and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "core/address.hh"
#include "core/time.hh"
#include "replay/ip_layout.hh"

namespace hanglab::replay {

struct ReassemblyLimits {
  std::size_t packets = 1024;
  std::size_t octets = std::size_t{4} << 20;
};

class Reassembler {
 public:
  explicit Reassembler(ReassemblyLimits limits = {}) : limits_(limits) {}

  struct Whole {
    std::vector<std::uint8_t> packet;  // with a header as if it had never been cut
    std::size_t fragments = 0;         // that it came in
  };
  // Takes a fragment; gives the packet that is complete with it.
  std::optional<Whole> add(std::span<const std::uint8_t> packet, const IpLayout& layout, Duration at);

  // Fragments of packets that were given up, or that are still incomplete.
  std::size_t unassembled() const { return given_up_ + waiting_; }
  std::size_t octets_held() const { return octets_; }

 private:
  using Key = std::tuple<IpAddress, IpAddress, std::uint32_t, std::uint8_t>;
  struct Piece {
    std::size_t offset = 0;
    std::vector<std::uint8_t> data{};
    std::size_t size = 0;  // as sent; larger than data where the capture cut it short
  };
  struct Packet {
    Key key;
    Duration since{};
    bool v6 = false;
    bool spoilt = false;
    std::vector<std::uint8_t> header{};  // of the first fragment, as an uncut packet has it
    std::vector<Piece> pieces{};         // by offset
    std::optional<std::size_t> size{};   // of all data, once the last fragment is there
    std::size_t covered = 0;             // of it, by pieces
    std::size_t fragments = 0;
    std::size_t octets = 0;
  };
  using Packets = std::list<Packet>;

  void insert(Packet& packet, std::span<const std::uint8_t> bytes, const IpLayout& layout);
  static std::vector<std::uint8_t> join(const Packet& packet);
  void forget(Packets::iterator packet);
  void give_up(Packets::iterator packet);

  ReassemblyLimits limits_;
  Packets packets_;  // the oldest first
  std::map<Key, Packets::iterator> by_key_;
  std::size_t octets_ = 0;
  std::size_t waiting_ = 0;  // fragments
  std::size_t given_up_ = 0;
};

}  // namespace hanglab::replay
