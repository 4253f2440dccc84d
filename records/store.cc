#include "records/store.hh"

#include <fcntl.h>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>

#include "core/error.hh"

namespace hanglab::records {

namespace {

namespace fs = std::filesystem;

constexpr int rows_a_batch = 4096;
constexpr auto time_a_batch = std::chrono::seconds(1);

constexpr const char* schema = R"(
CREATE TABLE provenance (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE lookups (
  id          INTEGER PRIMARY KEY,
  scenario    TEXT NOT NULL,
  run         INTEGER NOT NULL,
  seed        INTEGER NOT NULL,
  host        TEXT NOT NULL,
  client      TEXT NOT NULL,
  call        TEXT NOT NULL,
  name        TEXT NOT NULL,
  start_ns    INTEGER NOT NULL,
  duration_ns INTEGER NOT NULL,
  outcome     TEXT NOT NULL,
  error       TEXT NOT NULL,
  addresses   INTEGER NOT NULL,
  censored    INTEGER NOT NULL
);
CREATE TABLE attempts (
  lookup     INTEGER NOT NULL REFERENCES lookups (id),
  n          INTEGER NOT NULL,
  server     TEXT NOT NULL,
  transport  TEXT NOT NULL,
  start_ns   INTEGER NOT NULL,
  end_ns     INTEGER NOT NULL,
  result     TEXT NOT NULL,
  bytes      INTEGER NOT NULL,
  full_bytes INTEGER,
  syns       INTEGER NOT NULL,
  sends      TEXT NOT NULL,
  PRIMARY KEY (lookup, n)
) WITHOUT ROWID;
)";

// Claims the name before SQLite opens it, so that two programs cannot both believe that it was free.
void claim(const fs::path& file, IfExists if_exists) {
  if (if_exists == IfExists::replace)
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(file.string() + suffix);
  const int descriptor = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor >= 0) {
    ::close(descriptor);
    return;
  }
  if (errno == EEXIST) throw InputError(Location{.file = file.string()}, "results exist already");
  throw Error(fmt::format("{}: cannot be created: {}", file.string(), std::strerror(errno)));
}

void write_provenance(Database& database, const Provenance& provenance) {
  Statement insert(database, "INSERT INTO provenance VALUES (?, ?)");
  const auto put = [&](std::string_view key, std::string_view value) {
    insert.bind(key).bind(value).execute();
  };
  put("command_line", provenance.command_line);
  put("scenario", provenance.scenario);
  put("scenario_text", provenance.scenario_text);
  put("seed", fmt::to_string(provenance.seed));
  put("runs", fmt::to_string(provenance.runs));
  for (const auto& [program, version] : provenance.versions) put("version " + program, version);
  put("version SQLite", sqlite3_libversion());
  put("complete", "0");
}

// SQLite's integers are signed: a value of 2^63 or more is stored as its two's complement.
std::int64_t stored(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

ResultsWriter::ResultsWriter(const fs::path& file, const Provenance& provenance, IfExists if_exists)
    : file_(file) {
  claim(file, if_exists);
  database_.emplace(file, SQLITE_OPEN_READWRITE);
  database_->run(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};"
                             "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN;",
                             application_id, schema_version)
                     .c_str());
  database_->run(schema);
  write_provenance(*database_, provenance);
  database_->run("COMMIT");
  insert_lookup_.emplace(*database_, "INSERT INTO lookups VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  insert_attempt_.emplace(*database_, "INSERT INTO attempts VALUES (?,?,?,?,?,?,?,?,?,?,?)");
}

ResultsWriter::~ResultsWriter() {
  try {
    close(false);
  } catch (const Error&) {
    // A destructor has nobody to tell; the file says itself that it is incomplete.
  }
}

void ResultsWriter::add(const Lookup& lookup) {
  if (rows_ == 0) {
    database_->run("BEGIN");
    batch_began_ = std::chrono::steady_clock::now();
  }
  ++lookups_;
  insert_lookup_->bind(stored(lookups_))
      .bind(lookup.scenario)
      .bind(stored(lookup.run))
      .bind(stored(lookup.seed))
      .bind(lookup.host)
      .bind(lookup.client)
      .bind(lookup.call)
      .bind(lookup.name)
      .bind(lookup.start.count())
      .bind(lookup.duration.count())
      .bind(to_string(lookup.outcome))
      .bind(lookup.error)
      .bind(stored(lookup.addresses))
      .bind(std::int64_t{lookup.censored})
      .execute();
  for (int n = 0; const auto& attempt : lookup.attempts) add_attempt(n++, attempt);
  rows_ += 1 + static_cast<int>(lookup.attempts.size());
  if (rows_ >= rows_a_batch || std::chrono::steady_clock::now() - batch_began_ >= time_a_batch) commit();
}

void ResultsWriter::add(std::span<const Lookup> lookups) {
  for (const auto& lookup : lookups) add(lookup);
}

void ResultsWriter::add_attempt(int n, const Attempt& attempt) {
  sends_.clear();
  sends_ += '[';
  for (const auto at : attempt.sends)
    fmt::format_to(std::back_inserter(sends_), FMT_COMPILE("{},"), at.count());
  if (attempt.sends.empty())
    sends_ += ']';
  else
    sends_.back() = ']';
  const std::string server = hanglab::to_string(attempt.server);
  insert_attempt_->bind(stored(lookups_))
      .bind(std::int64_t{n})
      .bind(server)
      .bind(to_string(attempt.transport))
      .bind(attempt.start.count())
      .bind(attempt.end.count())
      .bind(attempt.result)
      .bind(stored(attempt.bytes));
  if (attempt.full_bytes)
    insert_attempt_->bind(stored(*attempt.full_bytes));
  else
    insert_attempt_->bind_null();
  insert_attempt_->bind(std::int64_t{attempt.syns}).bind(sends_).execute();
}

void ResultsWriter::flush() {
  if (rows_ != 0) commit();
}

void ResultsWriter::commit() {
  database_->run("COMMIT");
  rows_ = 0;
}

void ResultsWriter::close(bool complete) {
  if (!database_) return;
  flush();
  insert_lookup_.reset();
  insert_attempt_.reset();
  if (complete) database_->run("UPDATE provenance SET value = '1' WHERE key = 'complete'");
  // Folding the log back needs the file alone; a reader that stays keeps FILE-wal alive until it leaves.
  const std::string mode = database_->text("PRAGMA journal_mode = DELETE");
  if (mode != "delete") database_->fail("cannot fold the write-ahead log back into the file");
  database_->close();
  database_.reset();
}

}  // namespace hanglab::records
