#include "replay/read/pcapng_format.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "replay/read/block_bytes.hh"

namespace hanglab::replay {

namespace {

using ByteView = std::span<const std::uint8_t>;

enum BlockType : std::uint32_t {
  section_header = 0x0a0d0d0a,
  interface_description = 1,
  obsolete_packet = 2,
  simple_packet = 3,
  enhanced_packet = 6,
};
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::size_t least_block = 12;
constexpr std::size_t longest_block = 16 * 1024 * 1024;
constexpr std::size_t most_interfaces = 65'536;
constexpr std::uint16_t option_tsresol = 9;
constexpr std::uint16_t option_tsoffset = 14;
constexpr std::uint64_t latest_second = 9'000'000'000;  // what nanoseconds in 63 bits can tell: until 2255

std::size_t padded(std::size_t size) { return (size + 3) / 4 * 4; }

struct Interface {
  int link_type = 0;
  std::size_t snapshot_length = 0;
  std::uint64_t ticks_per_second = 1'000'000;
  std::uint64_t offset = 0;  // seconds

  Duration time(std::uint64_t ticks) const {
    const std::uint64_t seconds = ticks / ticks_per_second + offset;
    if (seconds > latest_second) throw Damage{"a time after the year 2255"};
    const std::uint64_t rest = ticks % ticks_per_second;
    constexpr std::uint64_t nanoseconds = 1'000'000'000;
    const std::uint64_t fraction =
        ticks_per_second <= nanoseconds
            ? rest * nanoseconds / ticks_per_second
            : static_cast<std::uint64_t>(static_cast<long double>(rest) /
                                         static_cast<long double>(ticks_per_second) *
                                         static_cast<long double>(nanoseconds));
    return std::chrono::seconds(seconds) + std::chrono::nanoseconds(fraction);
  }
};

std::uint64_t ticks_of(std::uint8_t resolution) {
  const unsigned exponent = resolution & 0x7f;
  const bool binary = (resolution & 0x80) != 0;
  if (exponent > (binary ? 63u : 19u)) throw Damage{fmt::format("a time resolution of {}", resolution)};
  if (binary) return std::uint64_t{1} << exponent;
  std::uint64_t ticks = 1;
  for (unsigned i = 0; i < exponent; ++i) ticks *= 10;
  return ticks;
}

class PcapngBlocks : public FrameFormat {
 public:
  explicit PcapngBlocks(ByteStream& stream) : stream_(stream) {}

  bool next(CapturedFrame& frame) override {
    for (;;) {
      const auto front = stream_.peek(least_block);
      if (front.empty()) return false;
      if (front.size() < least_block) throw Damage{"it ends within a block's header"};
      if (order_.u32(front, 0) == section_header) order_ = FileOrder(read_order(front));
      const std::uint32_t type = order_.u32(front, 0);
      const std::size_t length = order_.u32(front, 4);
      if (length < least_block || length % 4 != 0 || length > longest_block)
        throw Damage{fmt::format("a block of {} bytes", length)};
      const auto block = stream_.peek(length);
      if (block.size() < length) throw Damage{"it ends within a block"};
      if (order_.u32(block, length - 4) != length) throw Damage{"a block whose two lengths differ"};
      const bool is_frame = take(type, block.subspan(8, length - least_block), frame);
      stream_.skip(length);
      if (is_frame) return true;
    }
  }

 private:
  static bool read_order(ByteView front) {
    if (FileOrder(false).u32(front, 8) == byte_order_magic) return false;
    if (FileOrder(true).u32(front, 8) == byte_order_magic) return true;
    throw Damage{"a section without the magic number of its byte order"};
  }

  // Whether the block has become a frame.
  bool take(std::uint32_t type, ByteView body, CapturedFrame& frame) {
    switch (type) {
      case section_header: interfaces_.clear(); return false;
      case interface_description: add_interface(body); return false;
      case enhanced_packet:
      case obsolete_packet: take_packet(type, body, frame); return true;
      case simple_packet: take_simple(body, frame); return true;
      default: return false;
    }
  }

  void add_interface(ByteView body) {
    if (body.size() < 8) throw Damage{"an interface block that is too short"};
    if (interfaces_.size() == most_interfaces) throw Damage{"more than 65536 interfaces"};
    Interface interface { .link_type = order_.u16(body, 0), .snapshot_length = order_.u32(body, 4) };
    for (ByteView options = body.subspan(8); options.size() >= 4;) {
      const std::uint16_t code = order_.u16(options, 0);
      const std::size_t length = order_.u16(options, 2);
      if (code == 0) break;
      if (options.size() < 4 + padded(length)) throw Damage{"an option that is longer than its block"};
      const auto value = options.subspan(4, length);
      if (code == option_tsresol && length == 1) interface.ticks_per_second = ticks_of(value[0]);
      if (code == option_tsoffset && length == 8) interface.offset = order_.u64(value, 0);
      options = options.subspan(4 + padded(length));
    }
    interfaces_.push_back(interface);
  }

  const Interface& interface(std::size_t number) const {
    if (number >= interfaces_.size())
      throw Damage{
          fmt::format("a packet of interface {}, of which there are {}", number, interfaces_.size())};
    return interfaces_[number];
  }

  void take_packet(std::uint32_t type, ByteView body, CapturedFrame& frame) {
    if (body.size() < 20) throw Damage{"a packet block that is too short"};
    frame.interface = type == enhanced_packet ? order_.u32(body, 0) : order_.u16(body, 0);
    const auto& from = interface(frame.interface);
    frame.at = last_at_ = from.time(std::uint64_t{order_.u32(body, 4)} << 32 | order_.u32(body, 8));
    fill(frame, from, body.subspan(20), order_.u32(body, 12), order_.u32(body, 16));
  }

  // It says neither when it was captured nor how much of it.
  void take_simple(ByteView body, CapturedFrame& frame) {
    if (body.size() < 4) throw Damage{"a packet block that is too short"};
    frame.interface = 0;
    const auto& from = interface(frame.interface);
    const std::size_t size = order_.u32(body, 0);
    frame.at = last_at_;
    const std::size_t limit = from.snapshot_length == 0 ? size : from.snapshot_length;
    fill(frame, from, body.subspan(4), std::min(size, limit), size);
  }

  static void fill(CapturedFrame& frame, const Interface& from, ByteView data, std::size_t captured,
                   std::size_t size) {
    if (captured > longest_frame) throw Damage{fmt::format("a packet of {} bytes", captured)};
    if (captured > data.size()) throw Damage{"a packet that is longer than its block"};
    frame.link_type = from.link_type;
    frame.size = std::max(size, captured);
    frame.bytes.assign(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(captured));
  }

  ByteStream& stream_;
  FileOrder order_{};
  std::vector<Interface> interfaces_{};
  Duration last_at_{};
};

}  // namespace

std::unique_ptr<FrameFormat> begin_pcapng(ByteStream& stream) {
  const auto front = stream.peek(4);
  if (front.size() < 4 || FileOrder().u32(front, 0) != section_header) return {};
  return std::make_unique<PcapngBlocks>(stream);
}

}  // namespace hanglab::replay
