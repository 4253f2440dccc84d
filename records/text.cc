#include "records/text.hh"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

namespace hanglab::records {

namespace {

constexpr std::uint64_t per_second = 1'000'000'000;

template <class Number>
std::optional<Number> whole(std::string_view text) {
  Number value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

std::optional<Duration> signed_time(std::uint64_t nanoseconds, bool negative) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max());
  if (nanoseconds > most + (negative ? 1 : 0)) return {};
  return Duration(static_cast<Duration::rep>(negative ? 0 - nanoseconds : nanoseconds));
}

}  // namespace

void append_seconds(std::string& out, Duration time) {
  auto nanoseconds = static_cast<std::uint64_t>(time.count());
  if (time < Duration::zero()) {
    out += '-';
    nanoseconds = 0 - nanoseconds;
  }
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}.{:09}"), nanoseconds / per_second,
                 nanoseconds % per_second);
}

std::optional<Duration> parse_seconds(std::string_view text) {
  if (text.find_first_of("eE") != text.npos) {
    const auto seconds = whole<double>(text);
    if (!seconds || !(std::abs(*seconds) < 9e9)) return {};
    return Duration(std::llround(*seconds * 1e9));
  }
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  const auto seconds = whole<std::uint64_t>(text.substr(0, point));
  if (!seconds || *seconds > std::numeric_limits<std::uint64_t>::max() / per_second - 1) return {};
  std::uint64_t nanoseconds = 0;
  if (point != text.npos) {
    const auto digits = text.substr(point + 1);
    if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) return {};
    for (std::size_t i = 0; i < 9; ++i)
      nanoseconds = nanoseconds * 10 + (i < digits.size() ? static_cast<std::uint64_t>(digits[i] - '0') : 0);
    if (digits.size() > 9 && digits[9] >= '5') ++nanoseconds;
  }
  return signed_time(*seconds * per_second + nanoseconds, negative);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return {};
  const auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  const std::optional<IpAddress> address =
      bracketed ? std::optional<IpAddress>(parse_ipv6(host.substr(1, host.size() - 2))) : parse_ipv4(host);
  const auto port = whole<std::uint16_t>(text.substr(colon + 1));
  if (!address || !port) return {};
  return Endpoint{.address = *address, .port = *port};
}

}  // namespace hanglab::records
