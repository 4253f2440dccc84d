// A lookup as one line of JSON (RFC 8259, one object a line), exact in both directions. The keys, in
// this order:
//   scenario, run, seed, host, client, call, name, start_s, duration_s, outcome, error, addresses,
//   censored, attempts: [{server, transport, start_s, end_s, result, bytes, full_bytes, syns, sends_s}]
// Times are decimal seconds with nine digits; full_bytes is null where unknown. See docs/records.md.
#pragma once

#include <string>
#include <string_view>

#include "core/lookup.hh"

namespace hanglab::records {

// Appends the object and a newline. Writes into the caller's buffer, without a tree of values between.
void append_json(std::string& out, const Lookup& lookup);

// Reads one object. Its keys may stand in any order, none may be missing, unknown or there twice.
// Throws InputError that says what is wrong; whoever knows the file and line puts them in front.
Lookup parse_json(std::string_view line);

}  // namespace hanglab::records
