#include "live/host.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/error.hh"

namespace hanglab::live {

namespace fs = std::filesystem;

namespace {

constexpr unsigned first_of_others = 3;  // file descriptors behind standard input, output and error

[[noreturn]] void fail(const std::string& what) {
  throw Error(fmt::format("{}: {}", what, std::strerror(errno)));
}

struct Pipe {
  Fd read_end, write_end;

  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
    read_end = Fd(ends[0]);
    write_end = Fd(ends[1]);
  }
};

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  if (!out.flush()) throw Error(fmt::format("{}: cannot be written", path.string()));
}

// Everything in /etc as this machine has it, but for the files that make the host what it is. The programs in
// it are root's, so passwd and group hold root alone: no server looks for a user to become.
void make_etc(const scenario::Host& host) {
  const fs::path machines = "/run/machine-etc";
  fs::create_directory(machines);
  if (mount("/etc", machines.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) fail("bind mount of /etc");
  if (mount("tmpfs", "/etc", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) fail("a private /etc");
  const std::string nsswitch = host.nsswitch_text.empty() ? "hosts: files dns" : host.nsswitch_text;
  const std::array<std::pair<const char*, std::string>, 6> own{{
      {"resolv.conf", host.resolv_conf_text},
      {"nsswitch.conf", "passwd: files\ngroup: files\n" + nsswitch + "\n"},
      {"hosts", host.etc_hosts},
      {"hostname", host.name + "\n"},
      {"passwd", "root:x:0:0:root:/root:/bin/sh\n"},
      {"group", "root:x:0:\n"},
  }};
  for (const auto& entry : fs::directory_iterator(machines))
    fs::create_symlink(entry.path(), fs::path("/etc") / entry.path().filename());
  for (const auto& [name, text] : own) {
    fs::remove(fs::path("/etc") / name);
    write_text(fs::path("/etc") / name, text);
  }
}

// What only lives so that the namespaces do.
[[noreturn]] void reside(const scenario::Host& host, int ready) {
  try {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS) != 0) fail("namespaces");
    if (sethostname(host.name.data(), host.name.size()) != 0) fail("host name");
    make_etc(host);
    close(ready);
    for (;;) pause();
  } catch (const std::exception& error) {
    const std::string text = error.what();
    if (write(ready, text.data(), text.size()) < 0) _exit(2);
  }
  _exit(1);
}

Fd open_namespace(pid_t process, const char* kind) {
  const std::string path = fmt::format("/proc/{}/ns/{}", process, kind);
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) fail(path);
  return fd;
}

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Host::Host(const scenario::Host& host) : plan_(&host) {
  Pipe ready;
  resident_ = fork();
  if (resident_ < 0) fail("fork");
  if (resident_ == 0) reside(host, ready.write_end.get());
  ready.write_end = Fd();
  const std::string problem = read_to_end(ready.read_end.get());
  if (!problem.empty()) throw Error(fmt::format("host {}: {}", host.name, problem));
  network_ = open_namespace(resident_, "net");
  mounts_ = open_namespace(resident_, "mnt");
  name_ = open_namespace(resident_, "uts");
}

pid_t Host::start(const Words& command, const Streams& streams) const {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  Pipe started;  // closes on exec; holds an errno otherwise
  const pid_t process = fork();
  if (process < 0) fail("fork");
  if (process == 0) {
    setpgid(0, 0);
    close_range(first_of_others, ~0U, CLOSE_RANGE_CLOEXEC);  // whatever else the lab has open stays its own
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    const auto redirect = [&](int from, int to) { return dup2(from < 0 ? nowhere : from, to) >= 0; };
    if (setns(network_.get(), CLONE_NEWNET) == 0 && setns(name_.get(), CLONE_NEWUTS) == 0 &&
        setns(mounts_.get(), CLONE_NEWNS) == 0 && redirect(streams.in, STDIN_FILENO) &&
        redirect(streams.out, STDOUT_FILENO) && redirect(streams.err, STDERR_FILENO))
      execvp(argv[0], argv.data());
    const int error = errno;
    if (write(started.write_end.get(), &error, sizeof error) < 0) _exit(126);
    _exit(127);
  }
  started.write_end = Fd();
  int error = 0;
  if (read(started.read_end.get(), &error, sizeof error) > 0) {
    waitpid(process, nullptr, 0);
    throw Error(fmt::format("host {}: {}: {}", plan_->name, command[0],
                            error == ENOENT ? "there is no such program here" : std::strerror(error)));
  }
  return process;
}

std::string Host::run(const Words& command, const std::string& input) const {
  Pipe out;
  Fd in(open("/run", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!in || write(in.get(), input.data(), input.size()) != static_cast<ssize_t>(input.size()) ||
      lseek(in.get(), 0, SEEK_SET) != 0)
    fail("input for " + command[0]);
  const int to = out.write_end.get();
  const pid_t process = start(command, {.in = in.get(), .out = to, .err = to});
  out.write_end = Fd();
  std::string said = read_to_end(out.read_end.get());
  int status = 0;
  waitpid(process, &status, 0);
  if (status == 0) return said;
  while (said.ends_with('\n')) said.pop_back();
  throw Error(fmt::format("host {}: `{}` failed: {}", plan_->name, fmt::join(command, " "),
                          said.empty() ? "it did not say why" : said));
}

Host::Network::Network(const Host& host) : home_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
  if (!home_ || setns(host.network_.get(), CLONE_NEWNET) != 0) fail("network of " + host.plan_->name);
}

Host::Network::~Network() { setns(home_.get(), CLONE_NEWNET); }

}  // namespace hanglab::live
