#include "replay/read/byte_stream.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "core/error.hh"
#include "replay/read/kept_input.hh"
#include "replay/read/unpack.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t piece = 256 * 1024;
constexpr std::array<std::uint8_t, 2> gzip_magic{0x1f, 0x8b};
constexpr std::array<std::uint8_t, 4> zstd_magic{0x28, 0xb5, 0x2f, 0xfd};

class FileSource : public ByteSource {
 public:
  FileSource(const std::string& path, FileProgress& progress) : path_(path), progress_(progress) {
    if (const auto kept = kept_input(path)) {
      fd_ = kept->descriptor;
      at_ = kept->begin;
    } else {
      fd_ = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
    }
    if (fd_ < 0) throw InputError({.file = path}, std::strerror(errno));
    struct stat about {};
    if (fstat(fd_, &about) == 0 && S_ISDIR(about.st_mode)) {
      close(fd_);
      throw InputError({.file = path}, "is a directory");
    }
    if (S_ISREG(about.st_mode)) progress_.size = static_cast<std::uint64_t>(about.st_size - at_.value_or(0));
    posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~FileSource() override {
    if (!at_ && fd_ != STDIN_FILENO) close(fd_);
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::size_t read(std::span<std::uint8_t> into) override {
    for (;;) {
      const ssize_t got =
          at_ ? pread(fd_, into.data(), into.size(), *at_) : ::read(fd_, into.data(), into.size());
      if (got >= 0) {
        if (at_) *at_ += got;
        progress_.taken += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR) throw Error(fmt::format("{}: {}", path_, std::strerror(errno)));
    }
  }

 private:
  std::string path_;
  FileProgress& progress_;
  int fd_ = -1;
  std::optional<off_t> at_{};  // of what was kept for rereading
};

// Octets that were looked at already, and what follows them.
class Unread : public ByteSource {
 public:
  Unread(std::vector<std::uint8_t> first, std::unique_ptr<ByteSource> rest)
      : first_(std::move(first)), rest_(std::move(rest)) {}

  std::size_t read(std::span<std::uint8_t> into) override {
    if (given_ == first_.size()) return rest_->read(into);
    const std::size_t size = std::min(into.size(), first_.size() - given_);
    std::copy_n(first_.begin() + static_cast<std::ptrdiff_t>(given_), size, into.begin());
    given_ += size;
    return size;
  }

 private:
  std::vector<std::uint8_t> first_;
  std::unique_ptr<ByteSource> rest_;
  std::size_t given_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& path, FileProgress& progress) {
  std::unique_ptr<ByteSource> file = std::make_unique<FileSource>(path, progress);
  std::vector<std::uint8_t> first(zstd_magic.size());
  std::size_t known = 0;
  while (known < first.size()) {
    const std::size_t got = file->read(std::span(first).subspan(known));
    if (got == 0) break;
    known += got;
  }
  first.resize(known);
  const bool gzip =
      std::ranges::equal(std::span(first).first(std::min(known, gzip_magic.size())), gzip_magic);
  const bool zstd = std::ranges::equal(first, zstd_magic);
  auto packed = std::make_unique<Unread>(std::move(first), std::move(file));
  if (gzip) return unpack_gzip(std::move(packed));
  if (zstd) return unpack_zstd(std::move(packed));
  return packed;
}

std::span<const std::uint8_t> ByteStream::peek(std::size_t size) {
  if (end_ - begin_ < size) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    while (end_ < size) {
      // A lying length makes the buffer grow no further than there are octets.
      if (buffer_.size() < end_ + piece) buffer_.resize(end_ + piece);
      const std::size_t got = source_->read(std::span(buffer_).subspan(end_));
      if (got == 0) break;
      end_ += got;
    }
  }
  return std::span(buffer_).subspan(begin_, std::min(size, end_ - begin_));
}

void ByteStream::skip(std::size_t size) {
  begin_ += size;
  offset_ += size;
}

}  // namespace hanglab::replay
