#include "analysis/table.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "analysis/human.hh"

namespace hanglab::analysis {

namespace {

enum class Align { left, right };

struct Column {
  std::string head;
  Align align;
  std::string (*cell)(const SummaryRow&);
  bool only_where_they_differ = false;
};

std::string hang(const Hang& hang) {
  return hang.at_least ? "> " + human_round(hang.time) : human(hang.time);
}

// "9000 EAI_AGAIN, 1000 EAI_NONAME"
std::string failures(const SummaryRow& row) {
  if (row.failed == 0) return "0";
  std::vector<std::string> parts;
  for (const auto& [error, count] : row.failed_by_error)
    parts.push_back(error.empty() ? fmt::to_string(count) : fmt::format("{} {}", count, error));
  return fmt::format("{}", fmt::join(parts, ", "));
}

const std::array columns = {
    Column{"scenario", Align::left, [](const SummaryRow& row) { return row.scenario; }, true},
    Column{"client", Align::left, [](const SummaryRow& row) { return row.client; }},
    Column{"call", Align::left, [](const SummaryRow& row) { return row.call; }, true},
    Column{"name", Align::left, [](const SummaryRow& row) { return row.name; }},
    Column{"host", Align::left, [](const SummaryRow& row) { return row.host; }},
    Column{"lookups", Align::right, [](const SummaryRow& row) { return fmt::to_string(row.lookups); }},
    Column{"answered", Align::right, [](const SummaryRow& row) { return fmt::to_string(row.answered); }},
    Column{"failed", Align::right, failures},
    Column{"hung", Align::right, [](const SummaryRow& row) { return fmt::to_string(row.hung); }},
    Column{"min", Align::right, [](const SummaryRow& row) { return hang(row.shortest); }},
    Column{"median", Align::right, [](const SummaryRow& row) { return hang(row.median); }},
    Column{"p95", Align::right, [](const SummaryRow& row) { return hang(row.p95); }},
    Column{"max", Align::right, [](const SummaryRow& row) { return hang(row.longest); }},
};

// How many columns of a terminal UTF-8 text takes; the lab's own texts hold no wide characters.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, Align align, std::size_t to) {
  const std::string blanks(to - width(text), ' ');
  return align == Align::left ? text + blanks : blanks + text;
}

// Whether all cells below the head say the same.
bool alike(const std::vector<std::string>& cells) {
  return std::all_of(cells.begin() + 1, cells.end(), [&](const auto& cell) { return cell == cells.back(); });
}

std::string outcome(const Way& way) {
  if (way.outcome != Outcome::failed) return std::string(to_string(way.outcome));
  return way.error.empty() ? "failed" : way.error;
}

void append_ways(std::string& out, const std::vector<Way>& ways, std::size_t shown) {
  std::size_t others = 0;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (i < shown)
      out += fmt::format("    {} {}: {}\n", ways[i].lookups, outcome(ways[i]), ways[i].why);
    else
      others += ways[i].lookups;
  }
  if (others == 0) return;
  const auto count = ways.size() - shown;
  out += fmt::format("    {} in {} other way{}\n", others, count, count == 1 ? "" : "s");
}

}  // namespace

std::string table(std::span<const SummaryRow> rows, std::size_t ways_shown) {
  std::vector<std::string> lines(rows.size() + 1);
  for (const auto& column : columns) {
    std::vector<std::string> cells = {column.head};
    for (const auto& row : rows) cells.push_back(column.cell(row));
    if (column.only_where_they_differ && alike(cells)) continue;
    std::size_t widest = 0;
    for (const auto& cell : cells) widest = std::max(widest, width(cell));
    for (std::size_t i = 0; i < cells.size(); ++i)
      lines[i] += (lines[i].empty() ? "" : "  ") + padded(cells[i], column.align, widest);
  }
  std::string out = lines.front() + "\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out += lines[i + 1] + "\n";
    append_ways(out, rows[i].ways, ways_shown);
  }
  return out;
}

}  // namespace hanglab::analysis
