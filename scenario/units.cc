#include "scenario/units.hh"

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenario/suggest.hh"

namespace hanglab::scenario {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;  // in the smallest unit
};

constexpr Unit durations[] = {{"ns", 1},
                              {"us", 1'000},
                              {"ms", 1'000'000},
                              {"s", 1'000'000'000},
                              {"min", 60'000'000'000},
                              {"h", 3'600'000'000'000}};
constexpr Unit rates[] = {{"bps", 1}, {"kbps", 1'000}, {"Mbps", 1'000'000}, {"Gbps", 1'000'000'000}};
constexpr Unit shares[] = {{"%", 1'000'000'000}};  // to a thousand-millionth of a percent

struct Quantity {
  std::string_view what;     // "a duration"
  std::string_view example;  // "30us"
  std::span<const Unit> units;
  std::int64_t most;
};

constexpr Quantity duration_quantity{"a duration", "30us", durations, 36'000'000'000'000'000};
constexpr Quantity rate_quantity{"a rate", "10Gbps", rates, 100'000'000'000'000};
constexpr Quantity share_quantity{"a share", "2%", shares, 100'000'000'000};

std::vector<std::string> names_of(std::span<const Unit> units) {
  std::vector<std::string> names;
  for (const auto& unit : units) names.emplace_back(unit.name);
  return names;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const auto digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

std::optional<std::int64_t> parse_digits(std::string_view digits) {
  std::int64_t number = 0;
  if (digits.empty() || !is_digit(digits.front())) return {};  // from_chars would take a sign
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return {};
  return number;
}

// whole.fraction times size, or nothing where it does not come out as a whole number up to `most`.
std::optional<std::int64_t> scaled(std::string_view whole, std::string_view fraction, std::int64_t size,
                                   std::int64_t most) {
  const auto integer = parse_digits(whole);
  if (!integer || *integer > most / size) return {};
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  std::int64_t result = *integer * size;
  for (const char digit : fraction) {
    if (size % 10 != 0) return {};
    size /= 10;
    result += (digit - '0') * size;
  }
  if (result > most) return {};
  return result;
}

std::int64_t read(std::string_view text, const Quantity& quantity, const Location& where) {
  const auto refuse = [&](const std::string& why) {
    return InputError(where, fmt::format("'{}' is not {}: {}", text, quantity.what, why));
  };
  auto rest = text;
  const auto whole = take_digits(rest);
  std::string_view fraction;
  const bool has_point = rest.starts_with('.');
  if (has_point) {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
  }
  if (whole.empty() || (has_point && fraction.empty()))
    throw refuse(fmt::format("a number and its unit are wanted, as in {}", quantity.example));
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto units = names_of(quantity.units);
  if (rest.empty()) throw refuse(fmt::format("its unit is missing ({})", fmt::join(units, ", ")));
  for (const auto& unit : quantity.units) {
    if (unit.name != rest) continue;
    const auto result = scaled(whole, fraction, unit.size, quantity.most);
    if (!result) throw refuse("too large or too fine");
    return *result;
  }
  throw refuse(fmt::format("no unit '{}'{}", rest, suggestion(rest, units)));
}

}  // namespace

Duration read_duration(std::string_view text, const Location& where) {
  return Duration(read(text, duration_quantity, where));
}

std::uint64_t read_rate(std::string_view text, const Location& where) {
  const auto rate = read(text, rate_quantity, where);
  if (rate == 0)
    throw InputError(where, "nothing passes at a rate of 0; leave 'rate' out for a wire of any speed");
  return static_cast<std::uint64_t>(rate);
}

double read_share(std::string_view text, const Location& where) {
  return static_cast<double>(read(text, share_quantity, where)) / 100e9;
}

std::int64_t read_whole(std::string_view text, std::int64_t least, std::int64_t most, const Location& where) {
  const bool negative = text.starts_with('-');
  auto number = parse_digits(text.substr(negative ? 1 : 0));
  if (number && negative) number = -*number;
  if (!number || *number < least || *number > most)
    throw InputError(where, fmt::format("'{}' is not a whole number from {} to {}", text, least, most));
  return *number;
}

}  // namespace hanglab::scenario
