#include "replay/read/unpack.hh"

#include <zlib.h>
#include <zstd.h>

#include "core/error.hh"

namespace hanglab::replay {

namespace {

constexpr int gzip_window = 15 + 16;  // the largest, in gzip's form

// The packed octets, a piece at a time.
class PackedInput {
 public:
  explicit PackedInput(std::unique_ptr<ByteSource> packed) : packed_(std::move(packed)), piece_(piece_size) {}

  // Whether there is something to unpack: after output that filled its room, there may be without any input.
  bool supply(bool output_was_full) {
    if (output_was_full || used_ < known_) return true;
    used_ = 0;
    known_ = packed_->read(piece_);
    return known_ > 0;
  }
  std::span<std::uint8_t> rest() { return std::span(piece_).subspan(used_, known_ - used_); }
  void leave(std::size_t size) { used_ = known_ - size; }

 private:
  static constexpr std::size_t piece_size = 64 * 1024;

  std::unique_ptr<ByteSource> packed_;
  std::vector<std::uint8_t> piece_;
  std::size_t known_ = 0;
  std::size_t used_ = 0;
};

class Gzip : public ByteSource {
 public:
  explicit Gzip(PackedInput input) : input_(std::move(input)) {
    if (inflateInit2(&state_, gzip_window) != Z_OK) throw Error("zlib does not begin");
  }
  ~Gzip() override { inflateEnd(&state_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::size_t read(std::span<std::uint8_t> into) override {
    state_.next_out = into.data();
    state_.avail_out = static_cast<uInt>(into.size());
    while (state_.avail_out == into.size() && !damaged_) {
      if (!input_.supply(output_was_full_)) {
        if (!at_member_end_) throw Damage{"its gzip data ends in the midst"};
        return 0;
      }
      if (at_member_end_ && inflateReset(&state_) != Z_OK) throw Damage{"zlib does not begin again"};
      const auto packed = input_.rest();
      state_.next_in = packed.data();
      state_.avail_in = static_cast<uInt>(packed.size());
      const int result = inflate(&state_, Z_NO_FLUSH);
      input_.leave(state_.avail_in);
      damaged_ = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
      if (damaged_) break;
      at_member_end_ = result == Z_STREAM_END;
      output_was_full_ = state_.avail_out == 0 && !at_member_end_;
    }
    if (damaged_ && state_.avail_out == into.size()) throw Damage{"its gzip data is damaged"};
    return into.size() - state_.avail_out;
  }

 private:
  PackedInput input_;
  z_stream state_{};
  bool damaged_ = false;
  bool at_member_end_ = false;
  bool output_was_full_ = false;
};

class Zstd : public ByteSource {
 public:
  explicit Zstd(PackedInput input) : input_(std::move(input)), state_(ZSTD_createDStream()) {
    if (!state_) throw Error("libzstd does not begin");
    ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, largest_window);
  }

  std::size_t read(std::span<std::uint8_t> into) override {
    ZSTD_outBuffer out{.dst = into.data(), .size = into.size(), .pos = 0};
    while (out.pos == 0 && !damaged_) {
      if (!input_.supply(output_was_full_)) {
        if (!at_frame_end_) throw Damage{"its zstd data ends in the midst"};
        return 0;
      }
      const auto packed = input_.rest();
      ZSTD_inBuffer in{.src = packed.data(), .size = packed.size(), .pos = 0};
      const std::size_t result = ZSTD_decompressStream(state_.get(), &out, &in);
      input_.leave(in.size - in.pos);
      damaged_ = ZSTD_isError(result) != 0;
      if (damaged_) break;
      at_frame_end_ = result == 0;
      output_was_full_ = out.pos == out.size && !at_frame_end_;
    }
    if (damaged_ && out.pos == 0) throw Damage{"its zstd data is damaged"};
    return out.pos;
  }

 private:
  static constexpr int largest_window = 26;  // 64 MiB of memory; zstd's own limit without --long is 8 MiB

  struct Free {
    void operator()(ZSTD_DStream* state) const { ZSTD_freeDStream(state); }
  };
  PackedInput input_;
  std::unique_ptr<ZSTD_DStream, Free> state_;
  bool damaged_ = false;
  bool at_frame_end_ = false;
  bool output_was_full_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> unpack_gzip(std::unique_ptr<ByteSource> packed) {
  return std::make_unique<Gzip>(PackedInput(std::move(packed)));
}

std::unique_ptr<ByteSource> unpack_zstd(std::unique_ptr<ByteSource> packed) {
  return std::make_unique<Zstd>(PackedInput(std::move(packed)));
}

}  // namespace hanglab::replay
