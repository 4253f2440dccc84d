// Several tasks of one program: each has its own call at work, and whoever awaits them goes on once.
#include <catch2/catch.hpp>

#include <stdexcept>

#include "models/posix/task.hh"
#include "tests/models/posix/hand_driven_kernel.hh"

using namespace hanglab;
using hanglab::tests::HandDrivenKernel;
using posix::Task;

namespace {

Task<int> read_once(posix::Posix& os, int fd) {
  co_return static_cast<int>((co_await os.read(fd, {})).value);
}

Task<int> at_once(int value) { co_return value; }

Task<int> failing() {
  throw std::runtime_error("a task's own");
  co_return 0;
}

Task<std::vector<int>> read_all(posix::Posix& os) {
  co_return co_await posix::all(read_once(os, 1), read_once(os, 2), at_once(30));
}

Task<int> read_first(posix::Posix& os) {
  co_return co_await posix::first(read_once(os, 1), read_once(os, 2));
}

}  // namespace

TEST_CASE("all() returns the results in the order of the tasks, when the last has ended", "[posix]") {
  HandDrivenKernel kernel;
  auto program = read_all(kernel);
  program.start();
  CHECK(kernel.waiting.size() == 2);
  kernel.let_return(2, 20);
  CHECK(!program.done());
  kernel.let_return(1, 10);
  REQUIRE(program.done());
  CHECK(program.result() == std::vector<int>{10, 20, 30});
}

TEST_CASE("all() of tasks that wait for nothing goes on at once", "[posix]") {
  auto program = []() -> Task<int> {
    const auto values = co_await posix::all(at_once(1), at_once(2));
    co_return values[0] + values[1];
  }();
  program.start();
  REQUIRE(program.done());
  CHECK(program.result() == 3);
}

TEST_CASE("first() returns what ends first and abandons the calls of the others", "[posix]") {
  HandDrivenKernel kernel;
  auto program = read_first(kernel);
  program.start();
  kernel.let_return(2, 20);
  REQUIRE(program.done());
  CHECK(program.result() == 20);
  CHECK(kernel.waiting.empty());
}

TEST_CASE("first() takes a task that waits for nothing, and the rest never runs on", "[posix]") {
  HandDrivenKernel kernel;
  auto program = [](posix::Posix& os) -> Task<int> {
    co_return co_await posix::first(read_once(os, 1), at_once(7), at_once(8));
  }(kernel);
  program.start();
  REQUIRE(program.done());
  CHECK(program.result() == 7);
  CHECK(kernel.waiting.empty());
}

TEST_CASE("A task's exception reaches whoever awaits the group", "[posix]") {
  auto program = []() -> Task<int> {
    co_await posix::all(at_once(1), failing());
    co_return 0;
  }();
  program.start();
  REQUIRE(program.done());
  CHECK_THROWS_WITH(program.result(), "a task's own");
}

TEST_CASE("Destroying a program abandons the call that it waits in", "[posix]") {
  HandDrivenKernel kernel;
  {
    auto program = read_once(kernel, 1);
    program.start();
    CHECK(kernel.waiting.size() == 1);
  }
  CHECK(kernel.waiting.empty());
}
