#include "live/client_process.hh"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <fstream>
#include <sstream>

#include "core/error.hh"

namespace hanglab::live {

namespace {

// The calls that a resolver makes; the rest is the business of its loader and its memory.
constexpr const char* traced_calls =
    "trace=%network,poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,epoll_ctl,read,write,writev,ioctl,"
    "close,"
    "openat,futex";
constexpr const char* mark_begin = "\"lookup begins\"";
constexpr const char* mark_end = "\"lookup ended\"";

std::string content(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(got));
  return text;
}

std::optional<Duration> parse_nanoseconds(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return {};
  return Duration(value);
}

}  // namespace

std::optional<ProbeReport> parse_probe_line(const std::string& line) {
  std::istringstream in(line);
  std::string began;
  std::string ended;
  ProbeReport report;
  if (!std::getline(in, began, '\t') || !std::getline(in, ended, '\t') ||
      !std::getline(in, report.error, '\t'))
    return {};
  const auto from = parse_nanoseconds(began);
  const auto to = parse_nanoseconds(ended);
  if (!from || !to || *to < *from) return {};
  report.began = *from;
  report.ended = *to;
  if (report.error.ends_with('\n')) report.error.pop_back();
  if (report.error == "-") report.error.clear();
  for (std::string address; std::getline(in, address, '\t');) {
    if (address.ends_with('\n')) address.pop_back();
    if (!parse_ip(address)) return {};
    ++report.addresses;
  }
  return report;
}

ClientProcess::ClientProcess(const Host& host, const PlannedLookup& plan,
                             const std::filesystem::path& program, bool traced, std::size_t number)
    : name_(fmt::format("host {}: {} asking for {}", plan.host, plan.client, plan.name)),
      output_(memfd_create("output", MFD_CLOEXEC)),
      complaints_(memfd_create("complaints", MFD_CLOEXEC)) {
  constexpr std::array families{"unspec", "inet", "inet6"};
  Words command{program.string(), plan.name, families[static_cast<std::size_t>(plan.family)]};
  if (traced) {
    trace_file_ = fmt::format("/run/trace-{}", number);
    const Words strace{"strace", "-f", "-T", "-o", trace_file_, "-e", traced_calls};
    command.insert(command.begin(), strace.begin(), strace.end());
  }
  process_ = host.start(command, {.in = -1, .out = output_.get(), .err = complaints_.get()});
  ended_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, process_, 0)));
  if (!ended_) throw Error(name_ + ": this kernel has no pidfd_open");
}

void ClientProcess::kill() const { ::kill(-process_, SIGKILL); }

std::optional<ProbeReport> ClientProcess::report(bool killed) {
  int status = 0;
  waitpid(process_, &status, 0);
  auto report = parse_probe_line(content(output_.get()));
  if (report || killed) return report;
  throw Error(fmt::format("{}: {} {} without a result; it printed '{}' and said '{}'", name_,
                          WIFSIGNALED(status) ? "ended by signal" : "ended with status",
                          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                          content(output_.get()), content(complaints_.get())));
}

std::string ClientProcess::trace() const {
  std::ifstream in(trace_file_);
  std::string all;
  std::string marked;
  bool inside = false;
  bool any = false;
  for (std::string line; std::getline(in, line);) {
    all += line + "\n";
    if (line.find(mark_end) != std::string::npos) inside = false;
    if (inside) marked += line + "\n";
    if (line.find(mark_begin) != std::string::npos) inside = any = true;
  }
  return any ? marked : all;
}

}  // namespace hanglab::live
