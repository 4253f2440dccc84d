// A pcapng file built block by block, in either byte order.
#pragma once

#include <cstdint>
#include <vector>

namespace hanglab::replay {

class PcapngFile {
 public:
  using Octets = std::vector<std::uint8_t>;

  explicit PcapngFile(bool big_endian = false) : big_endian_(big_endian) { section(); }

  PcapngFile& section() {
    Octets body;
    put(body, 0x1a2b3c4d, 4);
    put(body, 1, 2);
    put(body, 0, 2);
    put(body, ~std::uint64_t{0}, 8);
    return block(0x0a0d0d0a, body);
  }
  // `resolution`: the option if_tsresol; 0: none. `offset`: if_tsoffset; 0: none.
  PcapngFile& interface(std::uint16_t link_type, std::uint8_t resolution = 0, std::uint64_t offset = 0,
                        std::uint32_t snapshot_length = 0) {
    Octets body;
    put(body, link_type, 2);
    put(body, 0, 2);
    put(body, snapshot_length, 4);
    if (resolution != 0) {
      put(body, 9, 2);
      put(body, 1, 2);
      body.push_back(resolution);
      pad(body);
    }
    if (offset != 0) {
      put(body, 14, 2);
      put(body, 8, 2);
      put(body, offset, 8);
    }
    put(body, 0, 4);
    return block(1, body);
  }
  PcapngFile& enhanced(std::uint32_t interface, std::uint64_t ticks, const Octets& frame,
                       std::size_t lacking = 0) {
    Octets body;
    put(body, interface, 4);
    return packet(6, body, ticks, frame, lacking);
  }
  PcapngFile& obsolete(std::uint16_t interface, std::uint64_t ticks, const Octets& frame) {
    Octets body;
    put(body, interface, 2);
    put(body, 7, 2);  // lost before it
    return packet(2, body, ticks, frame, 0);
  }
  PcapngFile& simple(const Octets& frame, std::size_t lacking = 0) {
    Octets body;
    put(body, frame.size() + lacking, 4);
    body.insert(body.end(), frame.begin(), frame.end());
    return block(3, body);
  }
  PcapngFile& block(std::uint32_t type, Octets body) {
    pad(body);
    const std::size_t length = body.size() + 12;
    put(bytes_, type, 4);
    put(bytes_, length, 4);
    bytes_.insert(bytes_.end(), body.begin(), body.end());
    put(bytes_, length, 4);
    return *this;
  }

  const Octets& bytes() const { return bytes_; }

 private:
  PcapngFile& packet(std::uint32_t type, Octets body, std::uint64_t ticks, const Octets& frame,
                     std::size_t lacking) {
    put(body, ticks >> 32, 4);
    put(body, ticks & 0xffffffff, 4);
    put(body, frame.size(), 4);
    put(body, frame.size() + lacking, 4);
    body.insert(body.end(), frame.begin(), frame.end());
    return block(type, body);
  }
  void put(Octets& into, std::uint64_t value, std::size_t size) const {
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t shift = 8 * (big_endian_ ? size - 1 - i : i);
      into.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }
  static void pad(Octets& bytes) { bytes.resize((bytes.size() + 3) / 4 * 4); }

  bool big_endian_;
  Octets bytes_{};
};

}  // namespace hanglab::replay
