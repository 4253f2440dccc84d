#include "records/sqlite.hh"

#include "core/error.hh"

namespace hanglab::records {

Database::Database(const std::filesystem::path& file, int open_flags) : file_(file.string()) {
  sqlite3* handle = nullptr;
  const int status = sqlite3_open_v2(file_.c_str(), &handle, open_flags, nullptr);
  handle_.reset(handle);  // SQLite makes a handle even when it cannot open the file: it holds the message
  if (status != SQLITE_OK) fail("cannot open");
  sqlite3_busy_timeout(handle, 10'000);  // milliseconds that another program may hold the file's lock
}

void Database::run(const char* sql) {
  if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("cannot run SQL");
}

std::int64_t Database::number(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? std::string(statement.text(0)) : std::string();
}

void Database::close() {
  if (sqlite3_close(handle()) != SQLITE_OK) fail("cannot close");
  static_cast<void>(handle_.release());
}

void Database::fail(const std::string& while_doing) const {
  throw Error(file_ + ": " + while_doing + ": " + (handle_ ? sqlite3_errmsg(handle()) : "out of memory"));
}

Statement::Statement(Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* handle = nullptr;
  const int status = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  check(status);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(handle_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  // An empty view may have no address, and SQLite would store that as NULL.
  check(sqlite3_bind_text64(handle_.get(), ++bound_, value.empty() ? "" : value.data(), value.size(),
                            SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_null() {
  check(sqlite3_bind_null(handle_.get(), ++bound_));
  return *this;
}

void Statement::execute() {
  step();
  check(sqlite3_reset(handle_.get()));
  bound_ = 0;
}

bool Statement::step() {
  const int status = sqlite3_step(handle_.get());
  if (status != SQLITE_ROW && status != SQLITE_DONE) check(status);
  return status == SQLITE_ROW;
}

std::string_view Statement::text(int column) const {
  const auto* characters = sqlite3_column_text(handle_.get(), column);
  if (characters == nullptr) return {};
  return {reinterpret_cast<const char*>(characters),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

void Statement::check(int status) {
  if (status != SQLITE_OK) database_->fail("SQLite");
}

}  // namespace hanglab::records
