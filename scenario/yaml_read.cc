#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include <fmt/format.h>

#include "scenario/value.hh"

namespace hanglab::scenario {

namespace {

// Aliases copy what they stand for, so a few lines could ask for more memory than there is.
constexpr std::size_t most_values = 1'000'000;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::size_t values_in(const Value& value) {
  std::size_t count = 1;
  for (const auto& item : value.items) count += values_in(item);
  for (const auto& entry : value.entries) count += values_in(entry.value);
  return count;
}

class Builder : public YAML::EventHandler {
 public:
  Builder(const std::string& text, std::string file_name)
      : lines_(lines_of(text)), file_name_(std::move(file_name)) {}

  Location place(const YAML::Mark& mark) const { return {file_name_, mark.line + 1, mark.column + 1}; }
  std::string_view line(int index) const {
    return index >= 0 && std::size_t(index) < lines_.size() ? lines_[std::size_t(index)] : std::string_view{};
  }
  Value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add({.kind = Value::Kind::nothing, .where = place(mark), .entries = {}}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchored_.find(anchor);
    if (known == anchored_.end()) throw InputError(place(mark), "this alias stands inside its own anchor");
    total_ += values_in(known->second);
    add(known->second, YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    refuse_tag(mark, tag);
    const bool plain = tag.empty() || tag == "?";
    add({.kind = Value::Kind::text,
         .where = place(mark),
         .text = text,
         .text_where = plain ? place(mark) : start_of_text(mark),
         .entries = {}},
        anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open_.push_back(
        {.value = {.kind = Value::Kind::list, .where = place(mark), .entries = {}}, .anchor = anchor});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open_.push_back(
        {.value = {.kind = Value::Kind::map, .where = place(mark), .entries = {}}, .anchor = anchor});
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Value value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool awaits_value = false;  // a map's key came last
  };

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw InputError(place(mark), fmt::format("a scenario has no tags; take '{}' away", tag));
  }

  // Of a quoted text or a block: behind the quote, or the first line that is not empty below the `|`.
  Location start_of_text(const YAML::Mark& mark) const {
    const auto first = line(mark.line);
    std::size_t at = 0;  // byte of the mark's column, which counts characters
    for (int column = 0; column < mark.column && at < first.size(); ++column) do
        ++at;
      while (at < first.size() && (static_cast<unsigned char>(first[at]) & 0xc0) == 0x80);
    if (at < first.size() && first[at] == '&') at = first.find_first_of("|>\"'", at);
    if (at >= first.size() || (first[at] != '|' && first[at] != '>'))
      return {file_name_, mark.line + 1, mark.column + 2};
    int below = mark.line + 1;
    while (std::size_t(below) < lines_.size() && line(below).find_first_not_of(" \r") == std::string::npos)
      ++below;
    const auto indent = line(below).find_first_not_of(' ');
    return {file_name_, mark.line + 2, indent == std::string::npos ? 1 : static_cast<int>(indent) + 1};
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.value), done.anchor);
  }

  void add(Value value, YAML::anchor_t anchor) {
    if (++total_ > most_values)
      throw InputError(value.where, fmt::format("more than {} values, aliases unfolded", most_values));
    if (anchor != YAML::NullAnchor) anchored_.insert_or_assign(anchor, value);
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& [parent, ignored, awaits_value] = open_.back();
    if (parent.kind == Value::Kind::list) {
      parent.items.push_back(std::move(value));
    } else if (awaits_value) {
      parent.entries.back().value = std::move(value);
      awaits_value = false;
    } else {
      add_key(parent, value);
      awaits_value = true;
    }
  }

  static void add_key(Value& map, const Value& key) {
    if (key.kind != Value::Kind::text) throw InputError(key.where, "a key must be text");
    for (const auto& entry : map.entries)
      if (entry.key == key.text)
        throw InputError(key.where,
                         fmt::format("'{}' is here already, at line {}", key.text, entry.where.line));
    map.entries.push_back({.key = key.text, .where = key.where, .value = {}});
  }

  std::vector<std::string> lines_;
  std::string file_name_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Value> anchored_;
  std::size_t total_ = 0;
  Value root_;
};

// yaml-cpp says what it could not go on with; the first two mistakes are behind most of it.
std::string explain(const YAML::Exception& problem, std::string_view line) {
  const auto indent = line.substr(0, line.find_first_not_of(" \t"));
  if (indent.find('\t') != std::string_view::npos) return "a tab indents this line; YAML wants spaces";
  if (problem.msg == "illegal map value") return "a text that holds ': ' needs quotes";
  if (problem.msg == "bad file") return "nested too deep";  // yaml-cpp's DeepRecursion
  return problem.msg;
}

}  // namespace

Value parse_yaml(const std::string& text, const std::string& file_name) {
  if (const auto nul = text.find('\0'); nul != std::string::npos)
    throw InputError({file_name}, fmt::format("byte {} is zero: this is no text", nul + 1));
  Builder builder(text, file_name);
  std::istringstream stream(text);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) throw InputError({file_name}, "there is nothing in it");
    Value root = builder.take();
    Builder second(text, file_name);
    if (parser.HandleNextDocument(second))
      throw InputError(second.take().where, "a second document begins here; a scenario is one document");
    return root;
  } catch (const YAML::Exception& problem) {
    throw InputError(builder.place(problem.mark), explain(problem, builder.line(problem.mark.line)));
  }
}

}  // namespace hanglab::scenario
