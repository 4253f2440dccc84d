#include "records/results.hh"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/error.hh"
#include "records/json.hh"

namespace hanglab::records {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& problem) {
  throw InputError(Location{.file = path.string()}, problem);
}

std::string label_of(const fs::path& file) {
  if (file.filename() != store_name) return file.stem().string();
  return fs::weakly_canonical(file).parent_path().filename().string();
}

std::vector<Lookup> read_json_lines(std::istream& in, const fs::path& file) {
  std::vector<Lookup> lookups;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    try {
      lookups.push_back(parse_json(line));
    } catch (const InputError& problem) {
      throw InputError(Location{.file = file.string(), .line = number}, problem.what());
    }
  }
  if (in.bad()) throw Error(file.string() + ": cannot be read to its end");
  return lookups;
}

}  // namespace

Results read_results(const fs::path& path) {
  auto file = path;
  if (fs::is_directory(path)) {
    file /= store_name;
    if (!fs::exists(file))
      refuse(path, "no results in this directory: it holds no " + std::string(store_name));
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) refuse(file, std::strerror(errno));
  // SQLite's files begin "SQLite format 3"; read_store looks closer.
  switch (in.peek()) {
    case 'S': {
      auto results = read_store(file);
      results.label = label_of(file);
      return results;
    }
    case '{': return {.label = label_of(file), .lookups = read_json_lines(in, file)};
    case std::ifstream::traits_type::eof(): refuse(file, "is empty: no results in it");
    default: refuse(file, "not a results file: neither SQLite nor lines of JSON");
  }
}

}  // namespace hanglab::records
