// The atlas as a page that needs nothing beside it: a table whose cells tell, pointed at, what the program
// tried.
#include <fmt/format.h>

#include "analysis/atlas.hh"
#include "analysis/atlas_colour.hh"

namespace hanglab::analysis {

namespace {

constexpr const char* style = R"(body{font:14px "DejaVu Sans",sans-serif;margin:2em}
table{border-collapse:separate;border-spacing:2px}
th{text-align:left;vertical-align:bottom;padding:4px 8px}
td{padding:4px 8px;vertical-align:top;min-width:9em}
td small,th small{display:block;font-weight:normal;opacity:.8}
td.none{background:#eee;color:#888}
td.differs{outline:3px solid #0060ff;outline-offset:-3px}
pre{color:#666})";

std::string cell_html(const AtlasCell& cell) {
  const auto& told = cell.simulated ? cell.simulated : cell.real;
  if (!told) return "<td class=\"none\">no model, not measured</td>";
  const Colour colour = colour_of(*told);
  std::string out =
      fmt::format("<td{} style=\"background:{};color:{}\" title=\"{}\">{}<br>{}",
                  cell.agree && !*cell.agree ? " class=\"differs\"" : "", colour.background, colour.text,
                  escaped(cell.why), duration_words(*told), escaped(ending_words(*told)));
  if (cell.real && cell.simulated)
    out += fmt::format("<small>{}real {}, {}</small>", cell.agree && !*cell.agree ? "\u2260 " : "",
                       duration_words(*cell.real), escaped(ending_words(*cell.real)));
  else if (cell.real)
    out += "<small>real; no model</small>";
  return out + "</td>";
}

}  // namespace

std::string atlas_html(const Atlas& atlas) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>How long a lookup "
      "hangs</title>\n"
      "<style>{}</style></head>\n<body><h1>How long a lookup hangs</h1>\n<table><tr><th>fault</th>",
      style);
  for (const std::string& client : atlas.clients) out += fmt::format("<th>{}</th>", escaped(client));
  out += "</tr>\n";
  for (const AtlasRow& row : atlas.rows) {
    out += fmt::format("<tr><th>{}<small>{}</small></th>", escaped(row.description), escaped(row.fault));
    for (const AtlasCell& cell : row.cells) out += cell_html(cell);
    out += "</tr>\n";
  }
  out += "</table>\n";
  if (atlas.compared() > 0)
    out += fmt::format("<p>{}. A blue frame marks where ending or duration do not.</p>\n",
                       atlas.agreement_words());
  return out + fmt::format("<pre>{}</pre></body></html>\n", escaped(atlas.made_by));
}

}  // namespace hanglab::analysis
