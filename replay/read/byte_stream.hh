// The octets of a file or a pipe, as they were before gzip (RFC 1952) or zstd (RFC 8878) packed them; which
// it is, the first octets say, not the name. Read in large pieces, in bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hanglab::replay {

// What is wrong in a file; the reader adds where.
struct Damage {
  std::string what;
};

// Where octets come from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills the front of `into`; 0 at the end. Throws Error where they cannot be read, Damage where they cannot
  // be unpacked.
  virtual std::size_t read(std::span<std::uint8_t> into) = 0;
};

// How far the reading of a file has come, in octets as they lie there; its size is 0 for a pipe.
struct FileProgress {
  std::uint64_t size = 0;
  std::uint64_t taken = 0;
};

// "-" is standard input, and again from its beginning if it was kept (kept_input.hh). Throws InputError where
// it cannot be opened. `progress` is kept up to date while the source lives.
std::unique_ptr<ByteSource> open_bytes(const std::string& path, FileProgress& progress);

class ByteStream {
 public:
  explicit ByteStream(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // The next octets, so many as are wanted, or fewer if the stream ends before. Valid until the next call.
  std::span<const std::uint8_t> peek(std::size_t size);
  // At most as many as were seen.
  void skip(std::size_t size);
  // Of the next octet, from the beginning, unpacked.
  std::uint64_t offset() const { return offset_; }

 private:
  std::unique_ptr<ByteSource> source_;
  std::vector<std::uint8_t> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace hanglab::replay
