// Captured lookups for other programs: as records that results keep and plots draw, and as lines of CSV or
// JSON that tell all that a capture shows. docs/inspect.md describes both.
#pragma once

#include <string>

#include "core/lookup.hh"
#include "replay/captured_lookup.hh"

namespace hanglab::cli {

// `capture`: its name. Times count from `capture_begin`, since 1970. The host is the client's address; which
// software asked, a capture does not say.
Lookup to_record(const replay::CapturedLookup& lookup, const std::string& capture, Duration capture_begin);

void append_captured_csv_header(std::string& out);
void append_captured_csv(std::string& out, const replay::CapturedLookup& lookup);
void append_captured_json(std::string& out, const replay::CapturedLookup& lookup);  // with a line break

std::string type_words(const replay::CapturedLookup& lookup, const char* between);  // "A", "AAAA"

}  // namespace hanglab::cli
