#include "analysis/gnuplot.hh"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/error.hh"

extern char** environ;

namespace hanglab::analysis {

namespace {

namespace fs = std::filesystem;

// An anonymous file in memory. As gnuplot's input and output it spares the two ends of pipes that could wait
// for each other or break.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : descriptor_(::memfd_create(name, MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw Error(fmt::format("memfd_create: {}", std::strerror(errno)));
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int descriptor() const { return descriptor_; }

  void write(std::string_view text) {
    while (!text.empty()) {
      const auto written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno != EINTR) throw Error(fmt::format("write: {}", std::strerror(errno)));
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
    ::lseek(descriptor_, 0, SEEK_SET);
  }

  std::string read_all() {
    ::lseek(descriptor_, 0, SEEK_SET);
    std::string all;
    std::array<char, 4096> block{};
    for (ssize_t got = 0; (got = ::read(descriptor_, block.data(), block.size())) > 0;)
      all.append(block.data(), static_cast<std::size_t>(got));
    return all;
  }

 private:
  int descriptor_;
};

// Runs gnuplot on the script; returns its exit status, or -1 where a signal ended it, and what it said.
std::pair<int, std::string> run(const std::string& script) {
  MemoryFile input("gnuplot-script");
  MemoryFile output("gnuplot-messages");
  input.write(script);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.descriptor(), STDERR_FILENO);
  // --default-settings: nobody's ~/.gnuplot changes the picture.
  std::array<std::string, 3> arguments = {"gnuplot", "--default-settings", "-"};
  std::array<char*, 4> argv = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, "gnuplot", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem == ENOENT) throw Error("gnuplot is not installed (Debian: apt-get install gnuplot-nox)");
  if (problem != 0) throw Error(fmt::format("gnuplot cannot be started: {}", std::strerror(problem)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw Error(fmt::format("waitpid: {}", std::strerror(errno)));
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output.read_all()};
}

// Removes the unfinished picture unless it was given its name.
struct Unfinished {
  fs::path file;
  ~Unfinished() {
    std::error_code gone_already;
    fs::remove(file, gone_already);
  }
};

}  // namespace

std::string gnuplot_string(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return out + "'";
}

void check_picture_name(const fs::path& file) {
  if (file.extension() != ".svg" && file.extension() != ".png")
    throw InputError(Location{.file = file.string()}, "a picture's name ends in .svg or .png");
}

void draw(const std::string& script, int width, int height, const fs::path& file) {
  check_picture_name(file);
  const bool svg = file.extension() == ".svg";
  const Unfinished unfinished{fmt::format("{}.{}.part", file.string(), ::getpid())};
  const int points = svg ? 12 : 9;  // SVG counts in pixels, cairo in points of 96 to 72 pixels
  const auto preamble = fmt::format(
      "set encoding utf8\nsmall_font = 'DejaVu Sans,{}'\nlarge_font = 'DejaVu Sans,{}'\n"
      "set terminal {} size {},{} noenhanced font 'DejaVu Sans,{}' background '#ffffff'\nset output {}\n",
      points - 2, points + 2, svg ? "svg" : "pngcairo", width, height, points,
      gnuplot_string(unfinished.file.string()));
  const auto [status, said] = run(preamble + script + "\nunset output\n");
  if (status != 0 || !fs::exists(unfinished.file))
    throw Error(fmt::format("{}: gnuplot failed: {}", file.string(), said));
  fs::rename(unfinished.file, file);
}

}  // namespace hanglab::analysis
