// Reassembly (RFC 791 3.2, RFC 8200 4.5): fragments are kept until their datagram is whole, or given up 30 s
// after the first of them came (net.ipv4.ipfrag_time), in IPv6 60 s (net.ipv6.ip6frag_time). Where
// connections are tracked the kernel does it before the filter table, else only for packets to the host
// itself; what goes on then leaves in fragments no larger than the largest that came. A fragment that
// overlaps another, but is not the very same, discards them all.
//
// Not modelled: the memory that all fragments together may take (ipfrag_high_thresh), ipfrag_max_dist.
//
// Source: Linux 6.1 net/ipv4/ip_fragment.c, inet_fragment.c, ip_output.c, netfilter/nf_defrag_ipv4.c,
// net/ipv6/reassembly.c, netfilter/nf_conntrack_reasm.c.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <tuple>
#include <type_traits>

#include "core/time.hh"
#include "models/linux/ipv4_header.hh"
#include "models/linux/ipv6_header.hh"

namespace hanglab::kernel {

// `Header` is Ipv4Header or Ipv6Header.
template <typename Header>
class FragmentQueues {
 public:
  static constexpr Duration timeout = std::chrono::seconds(std::is_same_v<Header, Ipv4Header> ? 30 : 60);

  struct Whole {
    Header header{};  // the first fragment's, of a datagram that is none
    std::vector<std::uint8_t> payload{};
    std::size_t largest = 0;  // fragment that came, in bytes with its IP header
  };

  // The datagram, when this was the last that lacked.
  std::optional<Whole> add(const Header& header, std::span<const std::uint8_t> payload, TimePoint now);

  // When expire() has something to give up.
  std::optional<TimePoint> deadline() const;
  // Gives up what is too old; of each the first fragment, if it came, as an ICMP error would quote it.
  std::vector<std::vector<std::uint8_t>> expire(TimePoint now);

 private:
  using Key = std::tuple<IpAddress, IpAddress, std::uint8_t, std::uint32_t>;
  struct Queue {
    TimePoint expires{};
    std::map<std::size_t, std::vector<std::uint8_t>> pieces{};  // by offset
    Header first{};
    std::optional<std::size_t> length{};  // known from the last fragment
    std::size_t largest = 0;
  };

  static bool overlaps(const Queue& queue, std::size_t from, std::size_t to);
  static bool is_whole(const Queue& queue);

  std::map<Key, Queue> queues_;
};

using Reassembly = FragmentQueues<Ipv4Header>;
using Ipv6Reassembly = FragmentQueues<Ipv6Header>;

}  // namespace hanglab::kernel
