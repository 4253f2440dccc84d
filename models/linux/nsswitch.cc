#include "models/linux/nsswitch.hh"

#include <algorithm>
#include <cctype>
#include <optional>

namespace hanglab::kernel {

namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

bool same(std::string_view word, std::string_view lower) {
  return std::ranges::equal(word, lower, [](unsigned char a, char b) { return std::tolower(a) == b; });
}

std::optional<NssStatus> status_of(std::string_view word) {
  if (same(word, "success")) return NssStatus::success;
  if (same(word, "notfound")) return NssStatus::notfound;
  if (same(word, "unavail")) return NssStatus::unavail;
  if (same(word, "tryagain")) return NssStatus::tryagain;
  return {};
}

std::optional<NssAction> action_of(std::string_view word) {
  if (same(word, "return")) return NssAction::stop;
  if (same(word, "continue")) return NssAction::go_on;
  if (same(word, "merge")) return NssAction::merge;
  return {};
}

class Reader {
 public:
  Reader(std::string_view line, const Location& where)
      : line_(line.substr(0, line.find('#'))), where_(where) {}

  NssHosts read() {
    skip_database();
    NssHosts services;
    for (skip_spaces(); !at_end(); skip_spaces()) {
      if (line_[at_] == '[') fail(at_, "an action list stands after the name of a service, one for each");
      services.push_back({.name = std::string(word("["))});
      skip_spaces();
      if (!at_end() && line_[at_] == '[') read_actions(services.back());
    }
    if (services.empty()) fail(at_, "no service: expected something like 'files dns'");
    return services;
  }

 private:
  void skip_database() {
    skip_spaces();
    const auto begin = at_;
    const auto name = word(":[");
    if (at_end() || line_[at_] != ':') {
      at_ = begin;
      return;
    }
    if (name != "hosts") fail(begin, "expected the line of 'hosts', not of '" + std::string(name) + "'");
    ++at_;
  }

  // "[!UNAVAIL=return TRYAGAIN=continue]"
  void read_actions(NssService& service) {
    const auto opened = at_++;
    skip_spaces();
    do {
      if (at_end()) fail(opened, "no closing ]");
      const bool all_others = line_[at_] == '!';
      if (all_others) ++at_;
      const auto status = known(status_of, "status", "SUCCESS, NOTFOUND, UNAVAIL, TRYAGAIN");
      skip_spaces();
      if (at_end() || line_[at_] != '=') fail(at_, "expected '=' and an action");
      ++at_;
      skip_spaces();
      const auto action = known(action_of, "action", "return, continue, merge");
      auto& chosen = service.actions[static_cast<std::size_t>(status)];
      const auto before = chosen;
      if (all_others) service.actions.fill(action);
      chosen = all_others ? before : action;
      skip_spaces();
    } while (at_end() || line_[at_] != ']');
    ++at_;
  }

  template <typename Value>
  Value known(std::optional<Value> (*value_of)(std::string_view), const char* kind, const char* all) {
    const auto begin = at_;
    const auto text = word("=]");
    if (const auto value = value_of(text)) return *value;
    fail(begin, "unknown " + std::string(kind) + " '" + std::string(text) + "'; there are " + all);
  }

  std::string_view word(std::string_view stops) {
    const auto begin = at_;
    while (!at_end() && !is_space(line_[at_]) && stops.find(line_[at_]) == std::string_view::npos) ++at_;
    return line_.substr(begin, at_ - begin);
  }

  void skip_spaces() {
    while (!at_end() && is_space(line_[at_])) ++at_;
  }

  bool at_end() const { return at_ >= line_.size(); }

  [[noreturn]] void fail(std::size_t offset, const std::string& problem) const {
    auto place = where_;
    place.column = std::max(place.column, 1) + static_cast<int>(offset);
    throw InputError(place, problem);
  }

  std::string_view line_;
  const Location& where_;
  std::size_t at_ = 0;
};

}  // namespace

NssHosts parse_nss_hosts(std::string_view line, const Location& where) { return Reader(line, where).read(); }

}  // namespace hanglab::kernel
