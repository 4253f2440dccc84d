// IPv4 reassembly (RFC 791 3.2): fragments are kept until their datagram is whole, or given up 30 s after the
// first of them came (net.ipv4.ipfrag_time). Where connections are tracked the kernel does it before the
// filter table, else only for packets to the host itself; what goes on then leaves in fragments no larger
// than the largest that came. A fragment that overlaps another, but is not the very same, discards them all.
//
// Not modelled: the memory that all fragments together may take (ipfrag_high_thresh), ipfrag_max_dist.
//
// Source: Linux 6.1 net/ipv4/ip_fragment.c, inet_fragment.c, ip_output.c, netfilter/nf_defrag_ipv4.c.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <tuple>

#include "core/time.hh"
#include "models/linux/ipv4_header.hh"

namespace hanglab::kernel {

class Reassembly {
 public:
  static constexpr Duration timeout = std::chrono::seconds(30);

  struct Whole {
    Ipv4Header header{};  // the first fragment's, of a datagram that is none
    std::vector<std::uint8_t> payload{};
    std::size_t largest = 0;  // fragment that came, in bytes with its IP header
  };

  // The datagram, when this was the last that lacked.
  std::optional<Whole> add(const Ipv4Header& header, std::span<const std::uint8_t> payload, TimePoint now);

  // When expire() has something to give up.
  std::optional<TimePoint> deadline() const;
  // Gives up what is too old; of each the first fragment, if it came, as an ICMP error would quote it.
  std::vector<std::vector<std::uint8_t>> expire(TimePoint now);

 private:
  using Key = std::tuple<Ipv4Address, Ipv4Address, std::uint8_t, std::uint16_t>;
  struct Queue {
    TimePoint expires{};
    std::map<std::size_t, std::vector<std::uint8_t>> pieces{};  // by offset
    Ipv4Header first{};
    std::optional<std::size_t> length{};  // known from the last fragment
    std::size_t largest = 0;
  };

  static bool overlaps(const Queue& queue, std::size_t from, std::size_t to);
  static bool is_whole(const Queue& queue);

  std::map<Key, Queue> queues_;
};

}  // namespace hanglab::kernel
