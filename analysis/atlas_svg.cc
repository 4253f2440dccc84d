// The atlas as a picture: a row a fault, a column a client; in each cell the hang, the ending, and below it
// the real one where it was measured, with a mark where they differ.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/atlas.hh"
#include "analysis/atlas_colour.hh"

namespace hanglab::analysis {

namespace {

constexpr int margin = 16;
constexpr int label_width = 330;
constexpr int cell_width = 150;
constexpr int head_height = 76;
constexpr int line_height = 15;
constexpr int padding = 6;

std::string text_at(int x, int y, const std::string& style, const std::string& text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" {}>{}</text>\n", x, y, style, escaped(text));
}

std::string cell_at(int x, int y, int height, const AtlasCell& cell) {
  const std::string frame =
      fmt::format("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", x + 1, y + 1, cell_width - 2, height - 2);
  const auto& told = cell.simulated ? cell.simulated : cell.real;
  if (!told)
    return fmt::format("<rect {} fill=\"#eeeeee\"/>\n", frame) +
           text_at(x + padding, y + padding + line_height, "class=\"small\" fill=\"#888888\"",
                   "no model, not measured");
  const Colour colour = colour_of(*told);
  std::string out = fmt::format("<g><title>{}</title><rect {} fill=\"{}\"/>\n", escaped(cell.why), frame,
                                colour.background);
  const std::string fill = fmt::format("fill=\"{}\"", colour.text);
  int line = y + padding + line_height - 3;
  out += text_at(x + padding, line, "class=\"time\" " + fill, duration_words(*told));
  out += text_at(x + padding, line += line_height, "class=\"small\" " + fill, ending_words(*told));
  if (cell.real && cell.simulated) {
    const bool differs = cell.agree && !*cell.agree;
    out += text_at(x + padding, line += line_height, "class=\"small\" " + fill,
                   fmt::format("{}real {}", differs ? "\u2260 " : "", duration_words(*cell.real)));
    if (differs)
      out += fmt::format("<rect {} fill=\"none\" stroke=\"#0060ff\" stroke-width=\"3\"/>\n", frame);
  } else if (cell.real) {
    out += text_at(x + padding, line += line_height, "class=\"small\" " + fill, "real; no model");
  }
  return out + "</g>\n";
}

}  // namespace

std::string atlas_svg(const Atlas& atlas) {
  const bool measured = std::ranges::any_of(atlas.rows, [](const AtlasRow& row) {
    return std::ranges::any_of(row.cells, [](const AtlasCell& cell) { return cell.real.has_value(); });
  });
  const int row_height = 2 * padding + line_height * (measured ? 3 : 2);
  const int width = 2 * margin + label_width + cell_width * static_cast<int>(atlas.clients.size());
  const int height = 2 * margin + head_height + row_height * static_cast<int>(atlas.rows.size()) + 40;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"DejaVu Sans, sans-serif\" font-size=\"12\">\n"
      "<style>.time{{font-weight:bold;font-size:13px}}.small{{font-size:11px}}</style>\n"
      "<metadata>{2}</metadata>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
      width, height, escaped(atlas.made_by));
  out += text_at(margin, margin + 16, "font-size=\"18\" font-weight=\"bold\"", "How long a lookup hangs");
  out += text_at(margin, margin + 36, "class=\"small\"",
                 measured ? "simulated, and below it the real world; a blue frame marks where they differ"
                          : "simulated");
  int x = margin + label_width;
  for (const std::string& client : atlas.clients) {
    out += text_at(x + padding, margin + head_height - 8, "font-weight=\"bold\"", client);
    x += cell_width;
  }
  int y = margin + head_height;
  for (const AtlasRow& row : atlas.rows) {
    out += text_at(margin, y + padding + line_height - 3, "", row.description);
    out += text_at(margin, y + padding + 2 * line_height - 3, "class=\"small\" fill=\"#888888\"", row.fault);
    x = margin + label_width;
    for (const AtlasCell& cell : row.cells) {
      out += cell_at(x, y, row_height, cell);
      x += cell_width;
    }
    y += row_height;
  }
  if (atlas.compared() > 0) out += text_at(margin, y + 26, "", atlas.agreement_words());
  return out + "</svg>\n";
}

}  // namespace hanglab::analysis
