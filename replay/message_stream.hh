// One direction of a TCP connection as the DNS messages it carries: segments put back in order
// (RFC 9293 3.4, sequence numbers wrap), repeated data dropped, messages cut out by their two-octet
// length (RFC 1035 4.2.2, RFC 7766 8).
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
  // The sequence number of the first octet of data. Without it, the first segment added is taken for
  // the beginning of a message: the capture began inside the connection.
  void start_at(std::uint32_t sequence);

  // `size` is what was sent; what the capture lacks of it reads as zeros, so that the messages behind
  // it stay readable.
  void add(std::uint32_t sequence, std::span<const std::uint8_t> payload, std::size_t size);

  // The next whole message, without its length.
  std::optional<std::vector<std::uint8_t>> next_message();

  // A message has begun that has not ended, or a segment is missing.
  bool unfinished() const { return !waiting_.empty() || !in_order_.empty(); }

 private:
  std::optional<std::uint32_t> first_;
  std::uint64_t received_ = 0;  // octets in order since first_
  std::map<std::uint64_t, std::vector<std::uint8_t>> waiting_;
  std::vector<std::uint8_t> in_order_;
};

}  // namespace hanglab::replay
