// Quantities as a scenario writes them: a decimal number and its unit, with or without one space.
// Durations in ns, us, ms, s, min, h; rates in bps, kbps, Mbps, Gbps (powers of 1000, as on a data
// sheet); shares in %. A number without a unit is refused, even 0: nobody should have to guess.
// The arithmetic is on integers, so 0.1ms is 100000 ns exactly. Errors: InputError at `where`.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.hh"
#include "core/time.hh"

namespace hanglab::scenario {

Duration read_duration(std::string_view text, const Location& where);   // to 1 ns, to 10 000 h
std::uint64_t read_rate(std::string_view text, const Location& where);  // in bit/s, above 0
double read_share(std::string_view text, const Location& where);        // "2%" is 0.02; 0 to 1
std::int64_t read_whole(std::string_view text, std::int64_t least, std::int64_t most, const Location& where);

}  // namespace hanglab::scenario
