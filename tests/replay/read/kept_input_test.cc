#include "replay/read/kept_input.hh"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <thread>

#include "replay/read/byte_stream.hh"
#include "tests/replay/capture_file.hh"

namespace hanglab::replay {

namespace {

using Octets = std::vector<std::uint8_t>;

Octets all_of(const std::string& path) {
  FileProgress progress;
  ByteStream stream(open_bytes(path, progress));
  const auto octets = stream.peek(1'000'000);
  CHECK(progress.taken == octets.size());
  CHECK(progress.size == octets.size());
  return {octets.begin(), octets.end()};
}

}  // namespace

TEST_CASE("A named pipe that was kept can be opened again, as a file can anyway") {
  const ScratchDirectory scratch;
  const Octets octets(700'000, 0x5a);
  const std::string file = scratch.write("file", octets);
  const std::string pipe = scratch.write("pipe", {});
  REQUIRE(std::remove(pipe.c_str()) == 0);
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::thread writer([&] {
    std::ofstream(pipe, std::ios::binary)
        .write(reinterpret_cast<const char*>(octets.data()), static_cast<std::streamsize>(octets.size()));
  });
  keep_for_rereading(pipe);
  writer.join();
  keep_for_rereading(file);
  CHECK(kept_input(pipe));
  CHECK_FALSE(kept_input(file));
  for (int reading = 0; reading < 2; ++reading) {
    CHECK(all_of(pipe) == octets);
    CHECK(all_of(file) == octets);
  }
}

}  // namespace hanglab::replay
