#include <fmt/format.h>

#include <charconv>

#include "core/error.hh"
#include "records/results.hh"
#include "records/text.hh"

namespace hanglab::records {

namespace {

namespace fs = std::filesystem;

// Turns the text columns back into values, and says in which row of which file one could not be.
struct RowReader {
  const fs::path& file;
  const Statement& row;
  std::string_view table;

  [[noreturn]] void refuse(std::string_view column, std::string_view value) const {
    throw InputError(Location{.file = file.string()}, fmt::format("table {}, lookup {}: {} cannot be \"{}\"",
                                                                  table, row.integer(0), column, value));
  }

  template <class T>
  T value(std::string_view column, int index, std::optional<T> (*parse)(std::string_view)) const {
    const auto parsed = parse(row.text(index));
    if (!parsed) refuse(column, row.text(index));
    return *parsed;
  }

  // "[0,1024000000]"
  std::vector<Duration> times(std::string_view column, int index) const {
    const auto all = row.text(index);
    if (all.size() < 2 || all.front() != '[' || all.back() != ']') refuse(column, all);
    std::vector<Duration> times;
    const char* at = all.data() + 1;
    const char* const end = all.data() + all.size() - 1;
    while (at != end) {
      Duration::rep nanoseconds{};
      const auto [next, problem] = std::from_chars(at, end, nanoseconds);
      if (problem != std::errc{} || (next != end && (*next != ',' || next + 1 == end))) refuse(column, all);
      times.emplace_back(nanoseconds);
      at = next == end ? end : next + 1;
    }
    return times;
  }
};

std::size_t size(std::int64_t stored) { return static_cast<std::size_t>(stored); }

Lookup read_lookup(const RowReader& read) {
  const auto& row = read.row;
  return {.scenario = std::string(row.text(1)),
          .run = size(row.integer(2)),
          .seed = size(row.integer(3)),
          .host = std::string(row.text(4)),
          .client = std::string(row.text(5)),
          .call = std::string(row.text(6)),
          .name = std::string(row.text(7)),
          .start = Duration(row.integer(8)),
          .duration = Duration(row.integer(9)),
          .outcome = read.value("outcome", 10, parse_outcome),
          .error = std::string(row.text(11)),
          .addresses = size(row.integer(12)),
          .censored = row.integer(13) != 0};
}

Attempt read_attempt(const RowReader& read) {
  const auto& row = read.row;
  return {.server = read.value("server", 1, parse_endpoint),
          .transport = read.value("transport", 2, parse_transport),
          .start = Duration(row.integer(3)),
          .end = Duration(row.integer(4)),
          .result = std::string(row.text(5)),
          .bytes = size(row.integer(6)),
          .full_bytes = row.is_null(7) ? std::nullopt : std::optional(size(row.integer(7))),
          .syns = static_cast<int>(row.integer(8)),
          .sends = read.times("sends", 9)};
}

// Both tables in the order of their keys, side by side.
std::vector<Lookup> read_lookups(Database& database, const fs::path& file) {
  Statement lookup(database,
                   "SELECT id, scenario, run, seed, host, client, call, name, start_ns, duration_ns, outcome,"
                   " error, addresses, censored FROM lookups ORDER BY id");
  Statement attempt(
      database,
      "SELECT lookup, server, transport, start_ns, end_ns, result, bytes, full_bytes, syns, sends"
      " FROM attempts ORDER BY lookup, n");
  const RowReader lookup_row{file, lookup, "lookups"};
  const RowReader attempt_row{file, attempt, "attempts"};
  std::vector<Lookup> lookups;
  lookups.reserve(size(database.number("SELECT count(*) FROM lookups")));
  bool more = attempt.step();
  while (lookup.step()) {
    auto& record = lookups.emplace_back(read_lookup(lookup_row));
    for (; more && attempt.integer(0) == lookup.integer(0); more = attempt.step())
      record.attempts.push_back(read_attempt(attempt_row));
    if (more && attempt.integer(0) < lookup.integer(0)) break;
  }
  if (more)
    throw InputError(Location{.file = file.string()},
                     fmt::format("table attempts: there is no lookup {}", attempt.integer(0)));
  return lookups;
}

std::uint64_t to_number(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

void read_provenance(Database& database, Results& into) {
  auto& provenance = into.provenance.emplace();
  into.complete = false;
  Statement row(database, "SELECT key, value FROM provenance ORDER BY key");
  while (row.step()) {
    const auto key = row.text(0);
    const std::string value(row.text(1));
    if (key == "command_line") provenance.command_line = value;
    if (key == "scenario") provenance.scenario = value;
    if (key == "scenario_text") provenance.scenario_text = value;
    if (key == "seed") provenance.seed = to_number(value);
    if (key == "runs") provenance.runs = to_number(value);
    if (key == "complete") into.complete = value == "1";
    if (key.starts_with("version ")) provenance.versions.emplace_back(key.substr(8), value);
  }
}

// Asks the file what it is before anything else is believed of it.
void check_kind(Database& database, const fs::path& file) {
  const auto refuse = [&](const std::string& why) { throw InputError(Location{.file = file.string()}, why); };
  std::int64_t application = 0;
  try {
    application = database.number("PRAGMA application_id");
  } catch (const Error&) {
    if (sqlite3_errcode(database.handle()) != SQLITE_NOTADB) throw;
    refuse("not a results file: neither SQLite nor lines of JSON");
  }
  if (application != application_id) refuse("an SQLite file, but not one of hanglab's results");
  const auto version = database.number("PRAGMA user_version");
  if (version > schema_version)
    refuse(fmt::format("written by a newer hanglab: results schema {}, this one reads up to {}", version,
                       schema_version));
}

}  // namespace

Results read_store(const fs::path& file) {
  // Where the writer was killed, its log must be folded in before the file can be read: hence read and write.
  // SQLite falls back to reading where the file is write-protected.
  Database database(file, SQLITE_OPEN_READWRITE);
  check_kind(database, file);
  Results results{.label = file.stem().string()};
  database.run("BEGIN");  // one snapshot, even while a run is still writing
  read_provenance(database, results);
  results.lookups = read_lookups(database, file);
  database.run("COMMIT");
  return results;
}

}  // namespace hanglab::records
