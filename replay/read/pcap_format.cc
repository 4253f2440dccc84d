#include "replay/read/pcap_format.hh"

#include <fmt/format.h>

#include <algorithm>

#include "replay/read/block_bytes.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t file_header = 24;
constexpr std::size_t record_header = 16;
constexpr std::uint32_t microseconds = 0xa1b2c3d4;
constexpr std::uint32_t nanoseconds = 0xa1b23c4d;
constexpr std::uint32_t modified = 0xa1b2cd34;  // of Kuznetzov's patch, with records of another size
constexpr std::uint32_t link_type_bits = 0xffff;

class PcapRecords : public FrameFormat {
 public:
  PcapRecords(ByteStream& stream, FileOrder order, Duration tick, int link_type)
      : stream_(stream), order_(order), tick_(tick), link_type_(link_type) {}

  bool next(CapturedFrame& frame) override {
    const auto header = stream_.peek(record_header);
    if (header.empty()) return false;
    if (header.size() < record_header) throw Damage{"it ends within a packet's header"};
    const std::size_t captured = order_.u32(header, 8);
    if (captured > longest_frame) throw Damage{fmt::format("a packet of {} bytes", captured)};
    frame.at = std::chrono::seconds(order_.u32(header, 0)) + order_.u32(header, 4) * tick_;
    frame.link_type = link_type_;
    frame.size = std::max<std::size_t>(order_.u32(header, 12), captured);
    const auto record = stream_.peek(record_header + captured);
    if (record.size() < record_header + captured) throw Damage{"it ends within a packet"};
    frame.bytes.assign(record.begin() + record_header, record.end());
    stream_.skip(record.size());
    return true;
  }

  std::optional<int> link_type() const override { return link_type_; }

 private:
  ByteStream& stream_;
  FileOrder order_;
  Duration tick_;
  int link_type_;
};

}  // namespace

std::unique_ptr<FrameFormat> begin_pcap(ByteStream& stream) {
  const auto header = stream.peek(file_header);
  if (header.size() < 4) return {};
  for (const bool big_endian : {false, true}) {
    const FileOrder order(big_endian);
    const std::uint32_t magic = order.u32(header, 0);
    if (magic == modified)
      throw Damage{"is a pcap file of the modified kind (0xa1b2cd34), which cannot be read"};
    if (magic != microseconds && magic != nanoseconds) continue;
    if (header.size() < file_header) throw Damage{"ends within the header of a pcap file"};
    const Duration tick(magic == microseconds ? 1000 : 1);
    const auto link_type = static_cast<int>(order.u32(header, 20) & link_type_bits);
    stream.skip(file_header);
    return std::make_unique<PcapRecords>(stream, order, tick, link_type);
  }
  return {};
}

}  // namespace hanglab::replay
