// Lookups back from disk, from whatever form they were kept in.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/lookup.hh"
#include "records/store.hh"

namespace hanglab::records {

struct Results {
  std::string
      label;  // for legends: the directory of a results.sqlite, else the file's name without its ending
  std::vector<Lookup> lookups{};
  std::optional<Provenance> provenance{};  // JSON lines carry none
  bool complete = true;                    // false: the run that wrote it did not finish
};

// `path` is a results.sqlite, a directory that holds one, or a file of JSON lines. Throws InputError where
// it is none of them, does not exist, or was written by a newer schema.
Results read_results(const std::filesystem::path& path);

// The same for an SQLite file alone.
Results read_store(const std::filesystem::path& file);

}  // namespace hanglab::records
