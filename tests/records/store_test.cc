#include "records/store.hh"

#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "core/error.hh"
#include "records/results.hh"
#include "tests/records/examples.hh"
#include "tests/records/scratch_directory.hh"

namespace hanglab::records {
namespace {

namespace fs = std::filesystem;

Provenance provenance() {
  return {.command_line = "hanglab run incident.yaml --runs 2 --out results",
          .scenario = "libvirt-tcp53-drop",
          .scenario_text = "name: libvirt-tcp53-drop\n",
          .seed = 42,
          .runs = 2,
          .versions = {{"hanglab", "0.1.0"}, {"ns-3", "3.37"}}};
}

std::string bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t files_in(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

void write_runs(const fs::path& file, int runs, int flush_every) {
  ResultsWriter writer(file, provenance());
  for (int run = 1; run <= runs; ++run) {
    writer.add(incident(static_cast<std::uint64_t>(run)));
    if (run % flush_every == 0) writer.flush();
  }
  writer.close(true);
}

TEST_CASE("Lookups and their provenance come back as they were") {
  const ScratchDirectory scratch;
  const auto file = scratch / "results.sqlite";
  const std::vector<Lookup> lookups = {incident(), still_hanging(), Lookup{}};
  {
    ResultsWriter writer(file, provenance());
    writer.add(lookups);
    CHECK(writer.added() == 3);
    writer.close(true);
  }
  const auto results = read_results(file);
  CHECK(results.lookups == lookups);
  CHECK(results.complete);
  auto expected = provenance();
  expected.versions.insert(expected.versions.begin(), {"SQLite", sqlite3_libversion()});
  CHECK(results.provenance == expected);
}

TEST_CASE("The same rows give the same bytes in one file, however they were batched") {
  const ScratchDirectory scratch;
  write_runs(scratch / "a", 10'000, 10'000);
  write_runs(scratch / "b", 10'000, 10'000);
  write_runs(scratch / "c", 10'000, 37);
  CHECK(bytes(scratch / "a").size() > 1'000'000);
  CHECK((bytes(scratch / "a") == bytes(scratch / "b")));
  CHECK((bytes(scratch / "a") == bytes(scratch / "c")));
  CHECK(files_in(scratch.path()) == 3);
}

TEST_CASE("A file that exists is refused and stays as it was, unless it may be replaced") {
  const ScratchDirectory scratch;
  const auto file = scratch / "results.sqlite";
  write_runs(file, 2, 1);
  const auto before = bytes(file);
  CHECK_THROWS_WITH(ResultsWriter(file, provenance()), file.string() + ": results exist already");
  CHECK((bytes(file) == before));
  {
    ResultsWriter writer(file, provenance(), IfExists::replace);
    writer.add(still_hanging());
    writer.close(true);
  }
  CHECK(read_results(file).lookups == std::vector{still_hanging()});
}

TEST_CASE("A file that cannot be made is an error with its name") {
  const ScratchDirectory scratch;
  const auto file = scratch / "no-such-directory/results.sqlite";
  CHECK_THROWS_WITH(ResultsWriter(file, provenance()),
                    file.string() + ": cannot be created: No such file or directory");
}

TEST_CASE("A run that ends early keeps what was added and says that it is incomplete") {
  const ScratchDirectory scratch;
  const auto file = scratch / "results.sqlite";
  { ResultsWriter(file, provenance()).add(incident()); }
  const auto results = read_results(file);
  CHECK(results.lookups == std::vector{incident()});
  CHECK_FALSE(results.complete);
  CHECK(files_in(scratch.path()) == 1);
}

TEST_CASE("A writer killed in the middle of a batch leaves the finished batches") {
  const ScratchDirectory scratch;
  const auto file = scratch / "results.sqlite";
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ResultsWriter writer(file, provenance());
    // Three rows a lookup: batches of 1366 lookups end after 1366 and 2732 of the 3000.
    for (std::uint64_t run = 1; run <= 3000; ++run) writer.add(incident(run));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  const auto results = read_results(file);
  CHECK_FALSE(results.complete);
  // A batch is also closed after a second, so a slow machine has more of them.
  REQUIRE(results.lookups.size() >= 2732);
  CHECK(results.lookups.size() < 3000);
  CHECK(results.lookups.back() == incident(results.lookups.size()));
  CHECK(files_in(scratch.path()) == 1);
}

TEST_CASE("A run that is still going can be read meanwhile") {
  const ScratchDirectory scratch;
  const auto file = scratch / "results.sqlite";
  ResultsWriter writer(file, provenance());
  writer.add(incident(1));
  writer.flush();
  writer.add(incident(2));
  CHECK(read_results(file).lookups == std::vector{incident(1)});
  writer.close(true);
  CHECK(read_results(file).lookups == std::vector{incident(1), incident(2)});
}

TEST_CASE("The documented query finds hangs by error and number of SYNs") {
  const ScratchDirectory scratch;
  const auto file = scratch / "results.sqlite";
  write_runs(file, 5, 5);
  Database database(file, SQLITE_OPEN_READONLY);
  Statement query(
      database,
      "SELECT l.error, a.syns, count(*), max(l.duration_ns) / 1000000000 FROM lookups AS l"
      " JOIN attempts AS a ON a.lookup = l.id WHERE a.transport = 'tcp' GROUP BY l.error, a.syns");
  REQUIRE(query.step());
  CHECK(query.text(0) == "EAI_NONAME");
  CHECK(query.integer(1) == 7);
  CHECK(query.integer(2) == 5);
  CHECK(query.integer(3) == 130);
  CHECK_FALSE(query.step());
}

}  // namespace
}  // namespace hanglab::records
