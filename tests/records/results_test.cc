#include "records/results.hh"

#include <catch2/catch.hpp>
#include <fstream>

#include "core/error.hh"
#include "records/json.hh"
#include "tests/records/examples.hh"
#include "tests/records/scratch_directory.hh"

namespace hanglab::records {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

void write_store(const fs::path& file, const char* then_run = "") {
  ResultsWriter writer(file, {.command_line = "hanglab run", .scenario = "s", .scenario_text = ""});
  writer.add(incident());
  writer.close(true);
  Database(file, SQLITE_OPEN_READWRITE).run(then_run);
}

std::string lines() {
  std::string text;
  append_json(text, incident());
  append_json(text, still_hanging());
  return text;
}

TEST_CASE("JSON lines are read, whatever the file is called, and labelled by its name") {
  const ScratchDirectory scratch;
  write(scratch / "before.jsonl", lines() + "\n");
  const auto results = read_results(scratch / "before.jsonl");
  CHECK(results.label == "before");
  CHECK(results.lookups == std::vector{incident(), still_hanging()});
  CHECK_FALSE(results.provenance);
  CHECK(results.complete);
}

TEST_CASE("A directory stands for the results.sqlite in it and gives its name as label") {
  const ScratchDirectory scratch;
  fs::create_directory(scratch / "after");
  write_store(scratch / "after/results.sqlite");
  CHECK(read_results(scratch / "after").label == "after");
  CHECK(read_results(scratch / "after/").label == "after");
  CHECK(read_results(scratch / "after/results.sqlite").label == "after");
  CHECK(read_results(scratch / "after").lookups == std::vector{incident()});
  CHECK_THROWS_WITH(read_results(scratch.path()),
                    scratch.path().string() + ": no results in this directory: it holds no results.sqlite");
}

TEST_CASE("What is no results file is refused with its name and the reason") {
  const ScratchDirectory scratch;
  const auto file = scratch / "file";
  const auto message = [&] {
    try {
      read_results(file);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("read");
  };
  CHECK(message() == file.string() + ": No such file or directory");
  write(file, "");
  CHECK(message() == file.string() + ": is empty: no results in it");
  write(file, "time,duration\n");
  CHECK(message() == file.string() + ": not a results file: neither SQLite nor lines of JSON");
  write(file, "Some text that begins like SQLite's magic");
  CHECK(message() == file.string() + ": not a results file: neither SQLite nor lines of JSON");
  write(file, lines() + "{\"scenario\": 7}\n");
  CHECK(message() == file.string() + ":3: \"scenario\" cannot be 7");
}

TEST_CASE("An SQLite file of another program, of a newer hanglab or with odd values is refused") {
  const ScratchDirectory scratch;
  struct Case {
    const char* sql;
    const char* message;
  };
  for (const auto& [sql, message] : {
           Case{"PRAGMA application_id = 1", ": an SQLite file, but not one of hanglab's results"},
           Case{"PRAGMA user_version = 2",
                ": written by a newer hanglab: results schema 2, this one reads up to 1"},
           Case{"UPDATE lookups SET outcome = 'lost'",
                ": table lookups, lookup 1: outcome cannot be \"lost\""},
           Case{"UPDATE attempts SET server = 'here'",
                ": table attempts, lookup 1: server cannot be \"here\""},
           Case{"UPDATE attempts SET sends = '[1,]'", ": table attempts, lookup 1: sends cannot be \"[1,]\""},
           Case{"DELETE FROM lookups", ": table attempts: there is no lookup 1"},
       }) {
    const auto file = scratch / "results.sqlite";
    fs::remove(file);
    write_store(file, sql);
    INFO(sql);
    CHECK_THROWS_WITH(read_results(file), file.string() + message);
    CHECK_THROWS_AS(read_results(file), InputError);
  }
}

}  // namespace
}  // namespace hanglab::records
