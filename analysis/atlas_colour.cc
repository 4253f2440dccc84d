#include "analysis/atlas_colour.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace hanglab::analysis {

namespace {

// From pale through orange to dark red; C. Brewer, "ColorBrewer", OrRd.
constexpr std::array<std::array<double, 3>, 6> scale{
    {{255, 247, 236}, {254, 232, 200}, {253, 187, 132}, {239, 101, 72}, {179, 0, 0}, {90, 0, 0}}};
constexpr double shortest_s = 1e-3;
constexpr double longest_s = 300;

}  // namespace

Colour colour_of(const AtlasSide& side) {
  if (side.hung()) return {.background = "#000000", .text = "#ffffff"};
  const double seconds = std::clamp(to_seconds(side.median), shortest_s, longest_s);
  const double share = std::log(seconds / shortest_s) / std::log(longest_s / shortest_s);
  const double place = share * static_cast<double>(scale.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), scale.size() - 2);
  const double part = place - static_cast<double>(below);
  std::array<int, 3> rgb{};
  for (std::size_t i = 0; i < rgb.size(); ++i)
    rgb[i] = static_cast<int>(std::lround(scale[below][i] + part * (scale[below + 1][i] - scale[below][i])));
  const bool dark = place > 3;
  return {.background = fmt::format("#{:02x}{:02x}{:02x}", rgb[0], rgb[1], rgb[2]),
          .text = dark ? "#ffffff" : "#000000"};
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

}  // namespace hanglab::analysis
