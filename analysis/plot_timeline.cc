#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "analysis/attempt_words.hh"
#include "analysis/axis.hh"
#include "analysis/gnuplot.hh"
#include "analysis/human.hh"
#include "analysis/plot.hh"

namespace hanglab::analysis {

namespace {

// The layout in pixels. The texts' widths are only estimated: gnuplot does not tell them beforehand.
constexpr int picture_width = 800;
constexpr int left_margin = 170;
constexpr int right_margin = 24;
constexpr int top_margin = 84;
constexpr int bottom_margin = 84;
constexpr int row_height = 66;
constexpr double plot_width = picture_width - left_margin - right_margin;
constexpr double character_width = 6.6;
constexpr double small_character_width = 5.6;
constexpr double narrowest_bar = 3;
constexpr double gap = 6;

// Within a row of height 1, up from its middle: words, bar, and two lines of times under the marks.
constexpr double words_up = 0.33;
constexpr double bar_up = 0.07;
constexpr double half_bar = 0.1;
constexpr double times_up = -0.16;
constexpr double times_line = 0.18;

// A page has no room for more; a lookup with more attempts loses those in the middle, and says so.
constexpr std::size_t most_rows = 24;
constexpr std::size_t rows_kept_at_end = 7;

double pixels(std::string_view text, double a_character) {
  const auto characters = std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return static_cast<double>(characters) * a_character;
}

std::string_view colour(const Attempt& attempt) {
  if (attempt.result == "answered") return "#009E73";
  if (attempt.result == "truncated") return "#E69F00";
  if (attempt.result == "no answer") return "#888888";
  return "#D55E00";
}

std::string server(const Attempt& attempt) {
  constexpr std::uint16_t dns_port = 53;
  return attempt.server.port == dns_port ? to_string(attempt.server.address) : to_string(attempt.server);
}

std::string headline(const Lookup& lookup) {
  return fmt::format("{}: {}(\"{}\") with {}", lookup.host, lookup.call, lookup.name, lookup.client);
}

std::string outcome(const Lookup& lookup) {
  switch (lookup.outcome) {
    case Outcome::answered:
      return fmt::format("answered after {}: {} address{}", human(lookup.duration), lookup.addresses,
                         lookup.addresses == 1 ? "" : "es");
    case Outcome::failed:
      return fmt::format("failed after {}{}{}", human(lookup.duration), lookup.error.empty() ? "" : ": ",
                         lookup.error);
    case Outcome::hung: break;
  }
  return fmt::format("still hung after {}, when observation ended", human_round(lookup.duration));
}

// The earliest time after zero at which something happened.
Duration first_event(const Lookup& lookup) {
  Duration first = lookup.duration;
  const auto consider = [&](Duration at) {
    if (at > Duration::zero()) first = std::min(first, at);
  };
  for (const auto& attempt : lookup.attempts) {
    consider(attempt.start);
    consider(attempt.end);
    // The two datagrams of one query stand microseconds apart: no reason to stretch the axis down to them.
    if (attempt.transport == Transport::tcp)
      std::for_each(attempt.sends.begin(), attempt.sends.end(), consider);
  }
  return first;
}

class Timeline {
 public:
  explicit Timeline(const Lookup& lookup)
      : lookup_(lookup), axis_(course_axis(first_event(lookup), lookup.duration)) {
    const auto count = lookup.attempts.size();
    const auto hidden = count > most_rows ? count - most_rows + 1 : 0;
    rows_ = std::max<std::size_t>(hidden == 0 ? count : most_rows, 1);
    if (count == 0) label(0, row_middle(0), "left", "no server was asked");
    std::size_t row = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (hidden != 0 && i == most_rows - 1 - rows_kept_at_end) {
        label(0, row_middle(row++), "left", fmt::format("… {} attempts are not shown …", hidden));
        i += hidden;
      }
      draw_attempt(lookup.attempts[i], i + 1, row++);
    }
    draw_return();
  }

  Picture picture() {
    Picture picture{.width = picture_width,
                    .height = top_margin + bottom_margin + static_cast<int>(rows_) * row_height};
    const double height = picture.height;
    auto to = std::back_inserter(picture.script);
    if (!sends_.empty()) fmt::format_to(to, "$sends << EOD\n{}EOD\n", sends_);
    fmt::format_to(to,
                   "set lmargin at screen {:.6g}\nset rmargin at screen {:.6g}\n"
                   "set tmargin at screen {:.6g}\nset bmargin at screen {:.6g}\n",
                   left_margin / 800.0, 1 - right_margin / 800.0, 1 - top_margin / height,
                   bottom_margin / height);
    fmt::format_to(to,
                   "set label {} at screen 0.5,{:.6g} center noenhanced font large_font\n"
                   "set label {} at screen 0.5,{:.6g} center noenhanced\n",
                   gnuplot_string(headline(lookup_)), 1 - 18 / height, gnuplot_string(outcome(lookup_)),
                   1 - 40 / height);
    if (axis_.logarithmic) picture.script += "set logscale x\n";
    fmt::format_to(to, "set xrange [{:.9g}:{:.9g}]\nset yrange [0:{}]\nset xtics nomirror (", axis_.from,
                   axis_.to, rows_);
    for (const auto& [at, text] : axis_.ticks) fmt::format_to(to, "{} {:.9g} 0, ", gnuplot_string(text), at);
    for (const double at : axis_.minor_ticks) fmt::format_to(to, "'' {:.9g} 1, ", at);
    picture.script.erase(picture.script.size() - 2);
    picture.script += ")\n";
    const auto x_label =
        axis_.logarithmic
            ? fmt::format("time since the call (logarithmic; all before {} is at the left edge)",
                          axis_.ticks.front().second)
            : fmt::format("time since the call, {}", axis_.unit);
    fmt::format_to(to, "set xlabel {}\nset ytics scale 0 ({})\n", gnuplot_string(x_label), row_names_);
    fmt::format_to(
        to,
        "set border 1 lc rgb '#404040'\nset grid xtics lt 1 lc rgb '#e0e0e0' lw 1\n"
        "set key at screen 0.5,{:.6g} center bottom horizontal Left reverse samplen 1 noenhanced\n",
        6 / height);
    picture.script += objects_;
    picture.script += sends_.empty() ? "plot NaN notitle\n"
                                     : "plot $sends using 1:2 with points pt 9 ps 0.9 lc rgb '#000000' "
                                       "title 'a query datagram or a SYN leaves'\n";
    return picture;
  }

 private:
  double row_middle(std::size_t row) const { return static_cast<double>(rows_ - row) - 0.5; }

  // `x` as a share of the axis.
  void label(double x, double y, std::string_view align, std::string_view text, bool small = false) {
    fmt::format_to(std::back_inserter(objects_),
                   "set label {} at graph {:.6g}, first {:.6g} {} front noenhanced{}\n", gnuplot_string(text),
                   x, y, align, small ? " font small_font" : "");
  }

  void draw_attempt(const Attempt& attempt, std::size_t number, std::size_t row) {
    const double middle = row_middle(row);
    fmt::format_to(
        std::back_inserter(row_names_), "{}{} {:.6g}", row == 0 ? "" : ", ",
        gnuplot_string(fmt::format("{}  {} {}", number, attempt.transport == Transport::udp ? "UDP" : "TCP",
                                   server(attempt))),
        middle + bar_up);
    const double from = axis_.position(to_seconds(attempt.start));
    const double to = std::max(axis_.position(to_seconds(attempt.end)), from + narrowest_bar / plot_width);
    fmt::format_to(std::back_inserter(objects_),
                   "set object rectangle from graph {:.6g}, first {:.6g} to graph {:.6g}, first {:.6g} "
                   "fillcolor rgb '{}' fillstyle solid noborder back\n",
                   from, middle + bar_up - half_bar, to, middle + bar_up + half_bar, colour(attempt));
    describe(attempt, from, middle + words_up);
    draw_sends(attempt, middle);
  }

  // The words stand over the bar from its beginning on; where they would run over the line of the return,
  // they end before it.
  void describe(const Attempt& attempt, double from, double y) {
    const auto text =
        fmt::format("{} – {}", words(attempt, lookup_.outcome), human_round(attempt.end - attempt.start));
    const double room = returned() * plot_width - gap;
    const bool fits = from * plot_width + pixels(text, character_width) <= room;
    label(fits ? from : room / plot_width, y, fits ? "left" : "right", text);
  }

  // Each time stands under its mark, on the second line where the first has no room, else nowhere. Of marks
  // in one place only the first is told.
  void draw_sends(const Attempt& attempt, double middle) {
    std::array<double, 2> free_from = {-1e9, -1e9};
    double told = -1e9;
    for (const auto at : attempt.sends) {
      const double seconds = std::max(to_seconds(at), axis_.from);
      fmt::format_to(std::back_inserter(sends_), "{:.9g} {:.6g}\n", seconds, middle + bar_up);
      const auto text = human(at);
      const double half = pixels(text, small_character_width) / 2;
      const double centre = axis_.position(seconds) * plot_width;
      const auto line =
          std::find_if(free_from.begin(), free_from.end(), [&](double f) { return centre - half >= f; });
      if (line == free_from.end() || centre - told < narrowest_bar) continue;
      told = centre;
      *line = centre + half + gap;
      const double y = middle + times_up - times_line * static_cast<double>(line - free_from.begin());
      label(centre / plot_width, y, "center", text, true);
    }
  }

  double returned() const { return axis_.position(to_seconds(lookup_.duration)); }

  void draw_return() {
    const double at = returned();
    const auto text = lookup_.outcome == Outcome::hung ? std::string("observation ends")
                                                       : fmt::format("{} returns", lookup_.call);
    fmt::format_to(std::back_inserter(objects_),
                   "set arrow from graph {0:.6g}, graph 0 to graph {0:.6g}, graph 1 nohead dt 2 lw 1.5 lc "
                   "rgb '#404040'\n"
                   "set label {1} at graph {0:.6g}, graph 1 {2} offset 0,0.6 noenhanced\n",
                   at, gnuplot_string(text), at > 0.5 ? "right" : "left");
  }

  const Lookup& lookup_;
  TimeAxis axis_;
  std::size_t rows_ = 1;
  std::string row_names_;  // for set ytics
  std::string objects_;
  std::string sends_;  // the marks' points
};

}  // namespace

Picture timeline_picture(const Lookup& lookup) { return Timeline(lookup).picture(); }

void plot_timeline(const Lookup& lookup, const std::filesystem::path& file) {
  check_picture_name(file);
  const auto picture = timeline_picture(lookup);
  draw(picture.script, picture.width, picture.height, file);
}

}  // namespace hanglab::analysis
