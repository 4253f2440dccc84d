// Lookups in one SQLite file, with what produced them: tables provenance, lookups and attempts, described
// in docs/records.md. The file is written in place, in write-ahead mode (https://sqlite.org/wal.html): a
// batch is committed every 4096 rows or about every second, and whatever ends the program leaves the
// finished batches, marked incomplete. close() folds the log back: what remains is one ordinary file, and
// the same rows give the same bytes, however they were batched.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/lookup.hh"
#include "records/sqlite.hh"

namespace hanglab::records {

constexpr int schema_version = 1;                     // PRAGMA user_version
constexpr std::int32_t application_id = 0x68616e67;   // PRAGMA application_id: "hang"
constexpr const char* store_name = "results.sqlite";  // in a directory of results

struct Provenance {
  std::string command_line;
  std::string scenario;       // its name
  std::string scenario_text;  // the file, overrides applied
  std::uint64_t seed = 0;
  std::uint64_t runs = 0;
  // Of the programs that took part: {"hanglab", "0.1.0"}, {"ns-3", "3.37"}. SQLite's own is added.
  std::vector<std::pair<std::string, std::string>> versions{};

  bool operator==(const Provenance&) const = default;
};

enum class IfExists { refuse, replace };

class ResultsWriter {
 public:
  // Throws InputError where the file exists and may not be replaced, Error where it cannot be made.
  ResultsWriter(const std::filesystem::path& file, const Provenance& provenance,
                IfExists if_exists = IfExists::refuse);
  // Without a close() before it, keeps every row added and leaves the file marked incomplete.
  ~ResultsWriter();
  ResultsWriter(const ResultsWriter&) = delete;
  ResultsWriter& operator=(const ResultsWriter&) = delete;

  void add(const Lookup& lookup);
  void add(std::span<const Lookup> lookups);
  void flush();               // commits the batch at hand
  void close(bool complete);  // complete: every planned run is in it
  std::uint64_t added() const { return lookups_; }

 private:
  void commit();
  void add_attempt(int n, const Attempt& attempt);

  std::filesystem::path file_;
  std::optional<Database> database_;
  std::optional<Statement> insert_lookup_;
  std::optional<Statement> insert_attempt_;
  std::uint64_t lookups_ = 0;
  int rows_ = 0;  // in the open batch
  std::chrono::steady_clock::time_point batch_began_{};
  std::string sends_;
};

}  // namespace hanglab::records
