// The receiving half of a TCP connection: reassembly of the byte stream, the selective
// acknowledgments that describe what is missing (RFC 2018), and the window that is offered.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "models/linux/tcp_segment.hh"

namespace hanglab::kernel {

class TcpReceiver {
 public:
  // The peer's SYN took sequence number `initial`.
  void synchronise(Sequence initial) { next_ = initial + 1; }

  enum class Arrival { in_order, out_of_order, duplicate, outside };
  // Takes payload and FIN of a segment.
  Arrival arrive(const TcpSegment& segment);

  std::size_t read(std::span<std::uint8_t> into);
  std::size_t readable() const { return stream_.size() - taken_; }
  bool finished() const { return finished_; }                   // the peer's FIN was reached
  bool at_end() const { return finished_ && readable() == 0; }  // read() now returns end of file
  Sequence next() const { return next_; }

  // The receive window is constant but for what the application has not read yet (net.ipv4.tcp_rmem's
  // default of 131072 halves to 64 KiB); Linux would grow it, which no DNS message needs.
  std::uint32_t window() const;
  // The most recent gaps' far sides, at most `most`.
  std::size_t sack_blocks(std::span<SackBlock> into) const;

 private:
  void append(Sequence at, std::span<const std::uint8_t> payload);
  void drain();

  Sequence next_ = 0;
  std::vector<std::uint8_t> stream_;
  std::size_t taken_ = 0;
  std::map<Sequence, std::vector<std::uint8_t>> early_;  // beyond a gap, by first byte
  bool fin_known_ = false;
  Sequence fin_at_ = 0;
  bool finished_ = false;
};

}  // namespace hanglab::kernel
