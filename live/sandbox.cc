#include "live/sandbox.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/error.hh"

namespace hanglab::live {

namespace {

constexpr unsigned long new_world = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC;

pid_t fork_into(unsigned long namespaces) {
  return static_cast<pid_t>(syscall(SYS_clone, namespaces | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

[[noreturn]] void fail(const std::string& what) {
  throw Error(fmt::format("{}: {}", what, std::strerror(errno)));
}

void write_file(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail(path);
  close(fd);
}

// In the new user namespace we are root; outside we stay who we are.
void become_root(uid_t user, gid_t group) {
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", fmt::format("0 {} 1", user));
  write_file("/proc/self/gid_map", fmt::format("0 {} 1", group));
}

void make_mounts() {
  if (mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    if (errno == EINVAL)
      throw Error(
          "the root folder is no mount point, as in a chroot: what is mounted here would be seen outside; "
          "bind it onto itself first (mount --bind DIR DIR)");
    fail("private mounts");
  }
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    fail("a /proc of its own");
  if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) fail("a /run of its own");
}

std::string why_not(int error) {
  const char* hint = "";
  if (error == EPERM || error == EACCES)
    hint =
        "; it takes root, or a kernel that lets users make user namespaces "
        "(sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)";
  if (error == ENOSPC) hint = "; the limits are the sysctls user.max_*_namespaces";
  return fmt::format("this machine lets us make no network namespace: {}{}", std::strerror(error), hint);
}

}  // namespace

Sandbox::Sandbox(const std::function<int()>& work) {
  std::array<int, 2> alive{};  // reads as closed once the lab has ended
  if (pipe2(alive.data(), O_CLOEXEC) != 0) fail("pipe");
  const uid_t user = geteuid();
  const gid_t group = getegid();
  std::fflush(nullptr);  // or the new process would print it again
  bool as_user = user != 0;
  process_ = fork_into(new_world | (as_user ? CLONE_NEWUSER : 0));
  if (process_ < 0 && !as_user && errno == EPERM) {  // root of a container that may not
    as_user = true;
    process_ = fork_into(new_world | CLONE_NEWUSER);
  }
  if (process_ < 0) {
    const int error = errno;
    close(alive[0]);
    close(alive[1]);
    throw Error(why_not(error));
  }
  if (process_ > 0) {
    close(alive[0]);
    alive_ = alive[1];
    return;
  }

  try {
    setsid();  // Ctrl-C on the terminal is for the lab alone
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(alive[1]);
    std::array<char, 1> none{};
    fcntl(alive[0], F_SETFL, O_NONBLOCK);
    if (read(alive[0], none.data(), 1) == 0) _exit(1);  // ended before we asked to be told
    if (as_user) become_root(user, group);
    make_mounts();
    // Where Debian keeps ip, iptables and dnsmasq, which users do not have among their folders.
    const char* path = std::getenv("PATH");
    setenv("PATH", fmt::format("{}:/usr/sbin:/sbin", path != nullptr ? path : "/usr/bin:/bin").c_str(), 1);
    const int status = work();
    std::fflush(nullptr);
    _exit(status);
  } catch (const std::exception& error) {
    fmt::print(stderr, "hanglab: {}\n", error.what());
  }
  _exit(1);
}

Sandbox::~Sandbox() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  close(alive_);
}

}  // namespace hanglab::live
