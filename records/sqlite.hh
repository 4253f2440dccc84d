// The little of SQLite's C interface that the store needs, with owners for its handles. Every failure
// throws Error with the file's name and SQLite's own words.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace hanglab::records {

class Database {
 public:
  Database(const std::filesystem::path& file, int open_flags);

  void run(const char* sql);                    // any number of statements without a result
  std::int64_t number(const std::string& sql);  // the first column of the first row
  std::string text(const std::string& sql);     // likewise
  void close();                                 // throws where a destructor could not
  [[noreturn]] void fail(const std::string& while_doing) const;

  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };

  std::string file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// A prepared statement. Parameters and columns count from the left: bind them all, step, read.
// Bound text must outlive the step.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);

  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view value);
  Statement& bind_null();
  void execute();  // a statement without rows; afterwards ready to be bound again
  bool step();     // true: there is a row to read

  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  std::string_view text(int column) const;
  bool is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };

  void check(int status);

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bound_ = 0;
};

}  // namespace hanglab::records
