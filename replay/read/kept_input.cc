#include "replay/read/kept_input.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/error.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t piece = 256 * 1024;

std::map<std::string, KeptInput>& all_kept() {
  static std::map<std::string, KeptInput> kept;
  return kept;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ > STDIN_FILENO) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::string directory() {
  const char* named = std::getenv("TMPDIR");
  return named == nullptr || *named == '\0' ? "/tmp" : named;
}

[[noreturn]] void no_room(const std::string& path) {
  throw Error(
      fmt::format("{} is read twice, and cannot be kept in {} meanwhile: {} (TMPDIR names the directory)",
                  path == "-" ? "standard input" : path, directory(), std::strerror(errno)));
}

int nameless_file(const std::string& path) {
  std::string name = directory() + "/hanglab-XXXXXX";
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) no_room(path);
  unlink(name.c_str());
  return file;
}

void write_all(int file, std::span<const char> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) no_room(path);
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
}

int copy_of(int input, const std::string& path) {
  Descriptor copy(nameless_file(path));
  std::vector<char> bytes(piece);
  for (;;) {
    const ssize_t got = read(input, bytes.data(), bytes.size());
    if (got == 0) return copy.release();
    if (got > 0)
      write_all(copy.number(), std::span(bytes).first(static_cast<std::size_t>(got)), path);
    else if (errno != EINTR)
      throw Error(fmt::format("{}: {}", path, std::strerror(errno)));
  }
}

}  // namespace

void keep_for_rereading(const std::string& path) {
  struct stat about {};
  const bool is_standard_input = path == "-";
  if ((is_standard_input ? fstat(STDIN_FILENO, &about) : stat(path.c_str(), &about)) != 0) return;
  if (S_ISREG(about.st_mode)) {
    if (is_standard_input)
      all_kept()[path] = {.descriptor = STDIN_FILENO, .begin = lseek(STDIN_FILENO, 0, SEEK_CUR)};
    return;
  }
  if (!S_ISFIFO(about.st_mode) && !S_ISSOCK(about.st_mode) && !S_ISCHR(about.st_mode)) return;
  const Descriptor input(is_standard_input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (input.number() < 0) return;  // as open_bytes() will tell
  all_kept()[path] = {.descriptor = copy_of(input.number(), path)};
}

std::optional<KeptInput> kept_input(const std::string& path) {
  const auto found = all_kept().find(path);
  return found == all_kept().end() ? std::nullopt : std::optional(found->second);
}

}  // namespace hanglab::replay
