#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "analysis/axis.hh"
#include "analysis/gnuplot.hh"
#include "analysis/human.hh"
#include "analysis/plot.hh"
#include "analysis/survival.hh"
#include "core/error.hh"

namespace hanglab::analysis {

namespace {

// Okabe and Ito's colours without their yellow, which is too light for a line on white.
constexpr std::array colours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};

// Steps nearer to each other than this share of the axis cannot be told apart, even on paper.
constexpr double finest = 1.0 / 2000;

// Lookups that took no time at all (in a simulation, answered from a file) step down at the left edge: a
// logarithmic axis has no place for them, and should not be stretched towards them.
TimeAxis axis_for(std::span<const Survival> curves) {
  Duration shortest = Duration::max();
  Duration longest = Duration::zero();
  const auto include = [&](Duration at) {
    if (at > Duration::zero()) shortest = std::min(shortest, at);
    longest = std::max(longest, at);
  };
  for (const auto& curve : curves) {
    for (const auto& step : curve.steps) include(step.at);
    for (const auto& mark : curve.marks) include(mark.at);
  }
  return value_axis(shortest, longest);
}

// The corners of one curve: from the left edge at 100 %, of many steps close together the first and the last.
std::string points(const Survival& curve, const TimeAxis& axis) {
  std::string out = fmt::format("{:.9g} 100\n", axis.from);
  const auto append = [&](double at, double surviving) {
    fmt::format_to(std::back_inserter(out), "{:.9g} {:.6g}\n", std::max(at, axis.from), 100 * surviving);
  };
  const auto cell = [&](const SurvivalStep& step) {
    return std::floor(axis.position(to_seconds(step.at)) / finest);
  };
  for (auto first = curve.steps.begin(); first != curve.steps.end();) {
    const auto last =
        std::prev(std::find_if(first, curve.steps.end(), [&](auto& s) { return cell(s) != cell(*first); }));
    append(to_seconds(first->at), first->surviving);
    if (last != first) append(to_seconds(last->at), last->surviving);
    first = std::next(last);
  }
  if (!curve.marks.empty()) append(to_seconds(curve.marks.back().at), curve.marks.back().surviving);
  return out;
}

std::string marks(const Survival& curve, const TimeAxis& axis) {
  std::string out;
  double previous = -1;
  for (const auto& mark : curve.marks) {
    const double at = axis.position(to_seconds(mark.at));
    if (at - previous < finest) continue;
    fmt::format_to(std::back_inserter(out), "{:.9g} {:.6g}\n", to_seconds(mark.at), 100 * mark.surviving);
    previous = at;
  }
  return out;
}

std::string legend(const std::string& label, const Survival& curve) {
  const auto median = curve.median();
  auto text = fmt::format("{}: {} lookup{}, ", label, curve.lookups, curve.lookups == 1 ? "" : "s");
  if (median)
    text += "median " + human(*median);
  else
    text += "median beyond " + human_round(curve.marks.back().at);
  if (curve.censored() != 0)
    text += fmt::format(", {} still hung when observation ended (×)", curve.censored());
  return text;
}

std::string axis_settings(const TimeAxis& axis) {
  std::string out;
  auto to = std::back_inserter(out);
  if (axis.logarithmic) out += "set logscale x\n";
  fmt::format_to(to, "set xrange [{:.9g}:{:.9g}]\nset xtics nomirror (", axis.from, axis.to);
  for (const auto& [at, label] : axis.ticks) fmt::format_to(to, "{} {:.9g} 0, ", gnuplot_string(label), at);
  for (const double at : axis.minor_ticks) fmt::format_to(to, "'' {:.9g} 1, ", at);
  out.erase(out.size() - 2);
  out += ")\n";
  const auto label = axis.logarithmic ? std::string("time t since the call (logarithmic scale)")
                     : axis.from > 0  ? fmt::format("time t since the call, {} (the axis begins at {})",
                                                    axis.unit, axis.ticks.front().second)
                                      : fmt::format("time t since the call, {}", axis.unit);
  fmt::format_to(to, "set xlabel {}\n", gnuplot_string(label));
  return out;
}

}  // namespace

Picture survival_picture(std::span<const records::Results> results) {
  std::vector<Survival> curves;
  for (const auto& result : results) {
    if (result.lookups.empty()) throw InputError(result.label + ": no lookups to draw");
    curves.push_back(kaplan_meier(observations(result.lookups)));
  }
  if (curves.empty()) throw InputError("no results to draw");
  const auto axis = axis_for(curves);
  // Under the plot its axis takes 60 pixels, then each line of the legend 18.
  const int legend_height = 18 * static_cast<int>(curves.size());
  Picture picture{.height = 440 + legend_height};
  auto& script = picture.script;
  auto to = std::back_inserter(script);
  for (std::size_t i = 0; i < curves.size(); ++i) {
    fmt::format_to(to, "$curve{} << EOD\n{}EOD\n", i, points(curves[i], axis));
    if (!curves[i].marks.empty()) fmt::format_to(to, "$marks{} << EOD\n{}EOD\n", i, marks(curves[i], axis));
  }
  script +=
      "set title 'Share of lookups still hanging after time t' noenhanced font large_font\n"
      "set ylabel 'lookups still hanging'\nset yrange [-2:103]\nset format y '%.0f %%'\nset ytics 0,20,100 "
      "nomirror\n"
      "set border 3 lc rgb '#404040'\nset grid xtics ytics lt 1 lc rgb '#e0e0e0' lw 1\n"
      "set rmargin 4\n";
  fmt::format_to(to,
                 "set bmargin at screen {:.6g}\n"
                 "set key at screen 0.5,{:.6g} center bottom vertical maxcols 1 Left reverse samplen 3 "
                 "spacing 1.2 noenhanced\n",
                 (66.0 + legend_height) / picture.height, 4.0 / picture.height);
  script += axis_settings(axis) + "plot ";
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const auto colour = colours[i % colours.size()];
    fmt::format_to(to, "{}$curve{} using 1:2 with steps lw 2 dt {} lc rgb '{}' title {}", i == 0 ? "" : ", ",
                   i, i < colours.size() ? 1 : 2, colour,
                   gnuplot_string(legend(results[i].label, curves[i])));
    if (!curves[i].marks.empty())
      fmt::format_to(to, ", $marks{} using 1:2 with points pt 2 ps 1.1 lw 2 lc rgb '{}' notitle", i, colour);
  }
  script += "\n";
  return picture;
}

void plot_survival(std::span<const records::Results> results, const std::filesystem::path& file) {
  check_picture_name(file);
  const auto picture = survival_picture(results);
  draw(picture.script, picture.width, picture.height, file);
}

}  // namespace hanglab::analysis
