#include "analysis/axis.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/human.hh"

namespace hanglab::analysis {

namespace {

constexpr double shortest_shown = 1e-9;  // the lab's resolution

// The number 1, 2 or 5 times a power of ten nearest to `value` from above.
double nice_above(double value) {
  const double decade = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * decade >= value * (1 - 1e-9)) return factor * decade;
  return 10 * decade;
}

std::string tick_label(double seconds) {
  const auto time = Duration(std::llround(seconds * 1e9));
  auto label = human(time, 0);
  if (const auto fraction = label.find(".0 "); fraction != label.npos) label.erase(fraction, 2);
  return label;
}

TimeAxis logarithmic(double from, double to) {
  TimeAxis axis{.logarithmic = true, .from = from, .to = to};
  for (int power = static_cast<int>(std::floor(std::log10(from) + 1e-9));
       std::pow(10, power) <= to * 1.000001; ++power) {
    const double decade = std::pow(10, power);
    if (decade >= from * 0.999999) axis.ticks.emplace_back(decade, tick_label(decade));
    for (int i = 2; i < 10; ++i)
      if (i * decade > from && i * decade < to) axis.minor_ticks.push_back(i * decade);
  }
  return axis;
}

TimeAxis linear(double from, double to, bool from_zero) {
  struct Unit {
    const char* name;
    double seconds;
  };
  const Unit unit = to < 1e-6   ? Unit{"nanoseconds", 1e-9}
                    : to < 1e-3 ? Unit{"microseconds", 1e-6}
                    : to < 1    ? Unit{"milliseconds", 1e-3}
                                : Unit{"seconds", 1};
  const double step = nice_above((to - from) / 8);
  const auto first = from_zero ? 0 : std::lround(std::floor(from / step + 1e-9));
  const auto last = std::lround(std::ceil(to / step - 1e-9));
  TimeAxis axis{
      .from = static_cast<double>(first) * step, .to = static_cast<double>(last) * step, .unit = unit.name};
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step / unit.seconds) + 1e-9)));
  for (auto i = first; i <= last; ++i) {
    const double at = static_cast<double>(i) * step;
    axis.ticks.emplace_back(at, fmt::format("{:.{}f}", at / unit.seconds, decimals));
  }
  return axis;
}

}  // namespace

double TimeAxis::position(double seconds) const {
  const auto scale = [&](double s) { return logarithmic ? std::log(std::max(s, shortest_shown)) : s; };
  return std::clamp((scale(seconds) - scale(from)) / (scale(to) - scale(from)), 0.0, 1.0);
}

TimeAxis value_axis(Duration shortest, Duration longest) {
  if (longest <= Duration::zero()) return linear(0, shortest_shown, true);
  const double low = std::max(to_seconds(shortest), shortest_shown);
  const double high = std::max(to_seconds(longest), low);
  if (high / low > 100) {
    const double decade = std::pow(10, std::floor(std::log10(low * 0.8)));
    return logarithmic(std::max(decade, shortest_shown), nice_above(high * 1.15));
  }
  if (low < 0.5 * high) return linear(0, high * 1.05, true);
  // Values close together get the whole width, and a single one some room around it.
  const double room = std::max((high - low) * 0.12, high * 0.002);
  return linear(low - room, high + room, false);
}

TimeAxis course_axis(Duration first, Duration end) {
  const double whole = std::max(to_seconds(end), shortest_shown);
  const double begin = std::clamp(to_seconds(first), shortest_shown, whole);
  if (whole / begin <= 50) return linear(0, whole * 1.02, true);
  const double decade = std::pow(10, std::floor(std::log10(begin / 1.5)));
  return logarithmic(std::max(decade, shortest_shown), whole * 1.25);
}

}  // namespace hanglab::analysis
