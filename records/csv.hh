// Lookups as comma-separated values (RFC 4180, lines ended by a single newline): the columns of the JSON
// line in the same order, where `attempts` is their number.
#pragma once

#include <string>

#include "core/lookup.hh"

namespace hanglab::records {

void append_csv_header(std::string& out);
void append_csv(std::string& out, const Lookup& lookup);

}  // namespace hanglab::records
