#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <algorithm>

#include "scenario/value.hh"

namespace hanglab::scenario {

namespace {

constexpr std::size_t one_line = 100;

// Size in one line, or more than one_line where it cannot or should not be written so.
std::size_t line_size(const Value& value) {
  if (value.kind == Value::Kind::text)
    return value.text.find('\n') == std::string::npos ? value.text.size() + 2 : one_line + 1;
  std::size_t size = 2;
  for (const auto& item : value.items) size += line_size(item) + 2;
  for (const auto& entry : value.entries) size += entry.key.size() + line_size(entry.value) + 4;
  return size;
}

bool holds_only_texts(const Value& value) {
  const auto is_text = [](const Value& child) { return child.kind == Value::Kind::text; };
  return std::ranges::all_of(value.items, is_text) &&
         std::ranges::all_of(value.entries, is_text, &Entry::value);
}

// A literal block keeps its text only if that ends in one newline, begins with no blank and
// holds nothing that must be escaped.
bool fits_literal_block(const std::string& text) {
  if (text.size() < 2 || text.back() != '\n' || text[text.size() - 2] == '\n') return false;
  if (text.front() == ' ' || text.front() == '\n') return false;
  return std::ranges::all_of(text, [](unsigned char c) { return c == '\n' || (c >= ' ' && c != 0x7f); });
}

void write_text(YAML::Emitter& out, const std::string& text) {
  if (text.find('\n') == std::string::npos)
    out << text;
  else if (fits_literal_block(text))
    out << YAML::Literal << text;
  else
    out << YAML::DoubleQuoted << text;
}

void write(YAML::Emitter& out, const Value& value) {
  const bool flow = holds_only_texts(value) && line_size(value) <= one_line;
  switch (value.kind) {
    case Value::Kind::nothing: out << YAML::Null; break;
    case Value::Kind::text: write_text(out, value.text); break;
    case Value::Kind::list:
      out << (flow ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
      for (const auto& item : value.items) write(out, item);
      out << YAML::EndSeq;
      break;
    case Value::Kind::map:
      out << (flow ? YAML::Flow : YAML::Block) << YAML::BeginMap;
      for (const auto& entry : value.entries) {
        out << YAML::Key << entry.key << YAML::Value;
        write(out, entry.value);
      }
      out << YAML::EndMap;
      break;
  }
}

}  // namespace

std::string write_yaml(const Value& value) {
  YAML::Emitter out;
  write(out, value);
  return std::string(out.c_str()) + '\n';
}

}  // namespace hanglab::scenario
