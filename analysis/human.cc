#include "analysis/human.hh"

#include <fmt/format.h>

namespace hanglab::analysis {

std::string human(Duration time, int decimals) {
  using namespace std::chrono_literals;
  if (time < Duration::zero()) return "-" + human(-time, decimals);
  const auto in = [&](Duration unit) {
    return static_cast<double>(time.count()) / static_cast<double>(unit.count());
  };
  // A unit ends where rounding would print 1000 of it.
  if (time == Duration::zero()) return "0 s";
  if (time < 1us) return fmt::format("{} ns", time.count());
  if (time < 999'500ns) return fmt::format("{:.0f} µs", in(1us));
  if (time < 999'950us) return fmt::format("{:.1f} ms", in(1ms));
  return fmt::format("{:.{}f} s", in(1s), decimals);
}

std::string human_round(Duration time) {
  using std::chrono::seconds;
  const bool whole = time % seconds(1) == Duration::zero();
  return human(time, whole ? 0 : 2);
}

}  // namespace hanglab::analysis
