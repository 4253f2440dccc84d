#include "replay/read/unpack.hh"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include "core/error.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t piece = 64 * 1024;
constexpr int gzip_window = 15 + 16;  // the largest, in gzip's form

class Unpacker : public ByteSource {
 public:
  Unpacker(std::string name, std::unique_ptr<ByteSource> packed)
      : name_(std::move(name)), packed_(std::move(packed)), input_(piece) {}

 protected:
  // Whether there is more to unpack: after output that filled its room, there may be without any input.
  bool supply() {
    if (output_was_full_ || used_ < known_) return true;
    used_ = 0;
    known_ = packed_->read(input_);
    return known_ > 0;
  }
  [[noreturn]] void fail(const char* what) const { throw Error(fmt::format("{}: {}", name_, what)); }

  std::string name_;
  std::unique_ptr<ByteSource> packed_;
  std::vector<std::uint8_t> input_;
  std::size_t known_ = 0;
  std::size_t used_ = 0;
  bool output_was_full_ = false;
};

class Gzip : public Unpacker {
 public:
  Gzip(std::string name, std::unique_ptr<ByteSource> packed) : Unpacker(std::move(name), std::move(packed)) {
    if (inflateInit2(&state_, gzip_window) != Z_OK) fail("zlib does not begin");
  }
  ~Gzip() override { inflateEnd(&state_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::size_t read(std::span<std::uint8_t> into) override {
    state_.next_out = into.data();
    state_.avail_out = static_cast<uInt>(into.size());
    while (state_.avail_out == into.size()) {
      if (!supply()) {
        if (!at_member_end_) fail("its gzip data ends in the midst");
        return 0;
      }
      if (at_member_end_ && inflateReset(&state_) != Z_OK) fail("zlib does not begin again");
      state_.next_in = input_.data() + used_;
      state_.avail_in = static_cast<uInt>(known_ - used_);
      const int result = inflate(&state_, Z_NO_FLUSH);
      used_ = known_ - state_.avail_in;
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) fail("its gzip data is damaged");
      at_member_end_ = result == Z_STREAM_END;
      output_was_full_ = state_.avail_out == 0 && !at_member_end_;
    }
    return into.size() - state_.avail_out;
  }

 private:
  z_stream state_{};
  bool at_member_end_ = false;
};

class Zstd : public Unpacker {
 public:
  Zstd(std::string name, std::unique_ptr<ByteSource> packed)
      : Unpacker(std::move(name), std::move(packed)), state_(ZSTD_createDStream()) {
    if (!state_) fail("libzstd does not begin");
    ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, largest_window);
  }

  std::size_t read(std::span<std::uint8_t> into) override {
    ZSTD_outBuffer out{.dst = into.data(), .size = into.size(), .pos = 0};
    while (out.pos == 0) {
      if (!supply()) {
        if (!at_frame_end_) fail("its zstd data ends in the midst");
        return 0;
      }
      ZSTD_inBuffer in{.src = input_.data(), .size = known_, .pos = used_};
      const std::size_t result = ZSTD_decompressStream(state_.get(), &out, &in);
      used_ = in.pos;
      if (ZSTD_isError(result) != 0) fail("its zstd data is damaged");
      at_frame_end_ = result == 0;
      output_was_full_ = out.pos == out.size && result != 0;
    }
    return out.pos;
  }

 private:
  static constexpr int largest_window = 26;  // 64 MiB of memory; zstd's own limit without --long is 8 MiB

  struct Free {
    void operator()(ZSTD_DStream* state) const { ZSTD_freeDStream(state); }
  };
  std::unique_ptr<ZSTD_DStream, Free> state_;
  bool at_frame_end_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> unpack_gzip(const std::string& name, std::unique_ptr<ByteSource> packed) {
  return std::make_unique<Gzip>(name, std::move(packed));
}

std::unique_ptr<ByteSource> unpack_zstd(const std::string& name, std::unique_ptr<ByteSource> packed) {
  return std::make_unique<Zstd>(name, std::move(packed));
}

}  // namespace hanglab::replay
