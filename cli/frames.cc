#include "cli/frames.hh"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/error.hh"

namespace hanglab::cli {

namespace {

using Head = std::array<char, sizeof(std::uint64_t)>;

std::uint64_t size_in(const Head& head) {
  std::uint64_t size = 0;
  std::memcpy(&size, head.data(), sizeof size);
  return size;
}

bool read_all(std::FILE* from, char* into, std::size_t size) {
  return std::fread(into, 1, size, from) == size;
}

}  // namespace

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

bool write_frame(int fd, std::string_view bytes) {
  const std::uint64_t size = bytes.size();
  Head head{};
  std::memcpy(head.data(), &size, sizeof size);
  return write_all(fd, {head.data(), head.size()}) && write_all(fd, bytes);
}

std::string read_frame(std::FILE* from) {
  Head head{};
  if (!read_all(from, head.data(), head.size())) throw Error("a worker process ended before its runs did");
  std::string bytes(size_in(head), '\0');
  if (!read_all(from, bytes.data(), bytes.size()))
    throw Error("a worker process ended in the middle of a run");
  return bytes;
}

std::string_view take_frame(std::string_view& bytes) {
  Head head{};
  if (bytes.size() < head.size()) throw Error("a worker process ended before its run did");
  bytes.copy(head.data(), head.size());
  bytes.remove_prefix(head.size());
  const std::uint64_t size = size_in(head);
  if (bytes.size() < size) throw Error("a worker process ended in the middle of a run");
  const auto frame = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return frame;
}

}  // namespace hanglab::cli
