// Values of a record as text, exact in both directions. A time is written in decimal seconds with all
// nine digits, formed from the integer nanoseconds, so that reading it back gives the same Duration.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/address.hh"
#include "core/time.hh"

namespace hanglab::records {

void append_seconds(std::string& out, Duration time);  // "130.902843000"

// Any JSON number. Plain decimals are read exactly, digits past the ninth are rounded half up; an exponent
// ("3e-05", as other programs write small numbers) goes through a double, exact up to 104 days.
std::optional<Duration> parse_seconds(std::string_view text);

std::optional<Endpoint> parse_endpoint(std::string_view text);  // "192.168.122.1:53", "[2001:db8::1]:53"

}  // namespace hanglab::records
