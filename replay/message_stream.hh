// One direction of a TCP connection as the DNS messages it carries: segments put back in order
// (RFC 9293 3.4, sequence numbers wrap), repeated data dropped, messages cut out by their two-octet
// length (RFC 1035 4.2.2, RFC 7766 8).
//
// In bounded memory. A hole that the receiver acknowledged is one of the capture alone: it reads as zeros,
// and if it hides a length, whatever looks like the beginning of a message is the next one. So does a hole
// behind which more has come than a receiver would hold. Both are counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace hanglab::replay {

class MessageStream {
 public:
  // The sequence number of the first octet of data. Without it, the capture began inside the connection: what
  // looks like the beginning of a message in the segments added is taken for one.
  void start_at(std::uint32_t sequence);

  // `size` is what was sent; what the capture lacks of it reads as zeros, so that the messages behind
  // it stay readable.
  void add(std::uint32_t sequence, std::span<const std::uint8_t> payload, std::size_t size);

  // The receiver has everything before this sequence number.
  void acknowledged(std::uint32_t sequence);

  // The next whole message, without its length.
  std::optional<std::vector<std::uint8_t>> next_message();

  // A message has begun that has not ended, or a segment is missing.
  bool unfinished() const { return !waiting_.empty() || given_ < in_order_.size(); }
  std::size_t holes() const { return holes_; }             // that were read over
  std::size_t octets_skipped() const { return skipped_; }  // in search of a message
  std::size_t octets_held() const { return in_order_.size() - given_ + waiting_octets_; }

 private:
  std::int64_t ahead_of_next(std::uint32_t sequence) const;
  void take_waiting();
  void fill_hole();
  void skip_hole();
  void search();
  void drop_all();
  void drop_given();

  std::optional<std::uint32_t> first_;
  std::uint64_t received_ = 0;  // octets in order since first_
  std::map<std::uint64_t, std::vector<std::uint8_t>> waiting_;
  std::size_t waiting_octets_ = 0;
  std::vector<std::uint8_t> in_order_;
  std::size_t given_ = 0;        // octets at its front that next_message() has given
  std::size_t zeros_begin_ = 0;  // in in_order_: the latest hole that was filled
  std::size_t zeros_end_ = 0;
  bool searching_ = false;  // for the beginning of a message
  std::size_t holes_ = 0;
  std::size_t skipped_ = 0;
};

}  // namespace hanglab::replay
