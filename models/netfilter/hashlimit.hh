// The tables of `-m hashlimit`: a token bucket for each address and port that a rule tells apart. A bucket
// gains a fixed number of credits with every tick, up to `burst` packets' worth, and each packet that is
// below the limit pays for itself; one that cannot pay is above. A bucket that nobody asked about for
// `expire` is thrown away by the next sweep, and the next packet finds a full one. Times are in jiffies of
// 1/HZ s; the sweep is a kernel timer, rounded up by the timer wheel, and where its beat stands when a run
// begins is chance.
//
// Not modelled: rates in bytes and --hashlimit-rate-match, which the parser refuses. A machine is taken to
// have more than 1 GiB of memory, which gives a table 8192 chains and so 65536 buckets.
//
// Source: Linux net/netfilter/xt_hashlimit.c (revision 3, 4.15 to 6.18); iptables 1.8.9
// extensions/libxt_hashlimit.c for the defaults.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>

#include "core/random.hh"
#include "models/netfilter/iptables_packet.hh"
#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

class HashlimitTable {
 public:
  HashlimitTable(const HashlimitConfig& config, int hz, Random& random);

  // Whether the packet is below the limit, which costs its bucket a packet's credits. Nothing if it holds no
  // ports or the table is full: the kernel then drops the packet, whatever the rule says.
  std::optional<bool> below(const PacketHeaders& packet, std::int64_t jiffies);

  std::size_t size() const { return buckets_.size(); }

 private:
  struct Key {
    InetAddress source{}, destination{};
    std::uint16_t source_port = 0, destination_port = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Bucket {
    std::int64_t expires = 0;
    std::int64_t previous = 0;
    std::uint64_t credit = 0;
  };

  std::optional<Key> key_of(const PacketHeaders& packet) const;
  std::int64_t to_jiffies(std::uint32_t milliseconds) const;
  void sweep(std::int64_t jiffies);

  HashlimitConfig config_;
  int hz_;
  std::uint64_t credits_per_jiffy_;
  std::uint64_t cost_;
  std::uint64_t cap_;
  std::int64_t sweep_period_;
  std::int64_t swept_;  // the beat of the last sweep
  std::map<Key, Bucket> buckets_{};
};

}  // namespace hanglab::kernel
