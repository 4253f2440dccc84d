#include "replay/read/time_bound.hh"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t latest_second = 9'000'000'000;

// Takes digits off the front: `most` at the utmost, at least `least`.
std::optional<std::int64_t> take_digits(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t count = 0;
  while (count < text.size() && count < most && text[count] >= '0' && text[count] <= '9') ++count;
  if (count < least) return {};
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + count, value);
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// ".25" as 250,000,000 billionths; nothing as 0. Digits beyond the ninth are an error, not rounded away.
std::optional<std::int64_t> take_billionths(std::string_view& text) {
  if (!take(text, '.')) return 0;
  const std::size_t before = text.size();
  auto value = take_digits(text, 1, 9);
  for (std::size_t digits = before - text.size(); value && digits < 9; ++digits) *value *= 10;
  return value;
}

std::optional<TimeBound> parse_number(std::string_view text) {
  const auto whole = take_digits(text, 1, 18);
  const auto billionths = take_billionths(text);
  if (!whole || !billionths) return {};
  constexpr std::array<std::pair<std::string_view, Duration>, 7> units{
      {{"", 1s}, {"ns", 1ns}, {"us", 1us}, {"ms", 1ms}, {"s", 1s}, {"min", 1min}, {"h", 1h}}};
  for (const auto& [name, unit] : units) {
    if (name != text) continue;
    if (*whole > latest_second * (1s / 1ns) / unit.count()) return {};
    // Below 3600e9 * 1e9, which 63 bits hold.
    const Duration fraction{*billionths * (unit.count() / 1000) / 1'000'000};
    return TimeBound{.after_first_packet = !name.empty(),
                     .at = *whole * unit + (unit >= 1us ? fraction : 0ns)};
  }
  return {};
}

std::optional<TimeBound> parse_date(std::string_view text) {
  const auto year = take_digits(text, 4, 4);
  const bool dash = take(text, '-');
  const auto month = take_digits(text, 2, 2);
  const bool second_dash = take(text, '-');
  const auto day = take_digits(text, 2, 2);
  const bool separated = take(text, 'T') || take(text, 't') || take(text, ' ');
  const auto hour = take_digits(text, 2, 2);
  const bool colon = take(text, ':');
  const auto minute = take_digits(text, 2, 2);
  const bool second_colon = take(text, ':');
  const auto second = take_digits(text, 2, 2);
  const auto billionths = take_billionths(text);
  if (!year || !dash || !month || !second_dash || !day || !separated || !hour || !colon || !minute ||
      !second_colon || !second || !billionths)
    return {};
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970 || *year > 2250 || *hour > 23 || *minute > 59 || *second > 60) return {};

  std::chrono::minutes east{};
  if (!take(text, 'Z') && !take(text, 'z')) {
    const bool west = take(text, '-');
    if (!west && !take(text, '+')) return {};
    const auto hours = take_digits(text, 2, 2);
    const bool zone_colon = take(text, ':');
    const auto minutes = take_digits(text, 2, 2);
    if (!hours || !zone_colon || !minutes || *hours > 23 || *minutes > 59) return {};
    east = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    if (west) east = -east;
  }
  if (!text.empty()) return {};
  return TimeBound{.at = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
                         std::chrono::minutes(*minute) + std::chrono::seconds(*second) - east +
                         Duration(*billionths)};
}

}  // namespace

std::optional<TimeBound> parse_time_bound(std::string_view text) {
  return text.size() > 4 && text[4] == '-' ? parse_date(text) : parse_number(text);
}

}  // namespace hanglab::replay
