// What a capture holds, in words: its lookups one by one, and what could not be used of it.
#pragma once

#include <cstddef>
#include <string>

#include "core/time.hh"
#include "replay/capture_lookups.hh"
#include "replay/captured_lookup.hh"

namespace hanglab::cli {

// "answered, 256 records: UDP answer truncated (497 bytes, 29 records), TCP answered, 5 rounds". Of a lookup
// without a visible end also how long nothing more of it came until `capture_end`, since 1970.
std::string captured_words(const replay::CapturedLookup& lookup, Duration capture_end);

// "incident.pcap: 29 packets in 129.16 s, 4 of them of DNS, 1 lookup"
std::string reading_line(const std::string& file, const replay::CaptureSummary& summary, std::size_t lookups);

// By kind, a line each: what was left out, and what was used in spite of something.
std::string unused_lines(const replay::CaptureSummary& summary);

}  // namespace hanglab::cli
