// A process of its own as the first of a new world of process numbers, mounts and networks. Whatever is made
// in it - network namespaces, interfaces, mounts, files on its private /run, processes - is the kernel's to
// clear away the moment its first process ends; and that one ends with the lab's process, even by SIGKILL.
// So nothing has names that could clash with another world's, and nothing is ever left to clean up.
// As root it uses root's rights, else a user namespace, where the kernel allows that.
// Sources: namespaces(7), pid_namespaces(7), user_namespaces(7), prctl(2) PR_SET_PDEATHSIG.
#pragma once

#include <sys/types.h>

#include <functional>

namespace hanglab::live {

class Sandbox {
 public:
  // `work` runs in the new process, whose exit status it returns; what it throws is printed, and the status
  // is 1. Throws Error where this machine does not let us.
  explicit Sandbox(const std::function<int()>& work);
  ~Sandbox();  // ends it and all in it, and waits until it is gone
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

 private:
  pid_t process_ = -1;
  int alive_ = -1;  // the sandbox holds the other end
};

}  // namespace hanglab::live
