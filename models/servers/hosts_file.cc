#include "models/servers/hosts_file.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "core/error.hh"

namespace hanglab::servers {

namespace {

constexpr std::string_view white_space = " \t\v\f\r";
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 253;  // as written; with the length octets 255 (RFC 1035 2.3.4)

std::vector<std::string_view> words_of(std::string_view line) {
  line = line.substr(0, line.find('#'));
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = line.find_first_not_of(white_space);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(white_space), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

bool fits_a_label(std::string_view label) {
  const auto printable = [](char c) { return c > ' ' && c < 0x7f; };
  return !label.empty() && label.size() <= longest_label && std::ranges::all_of(label, printable);
}

// The name as dnsmasq keeps it, or nothing where it cannot be one.
std::optional<std::string> canonical_name(std::string_view word) {
  if (word.ends_with('.')) word.remove_suffix(1);
  if (word.empty() || word.size() > longest_name) return {};
  for (std::string_view rest = word;;) {
    const auto dot = rest.find('.');
    if (!fits_a_label(rest.substr(0, dot))) return {};
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  std::string name(word);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

}  // namespace

std::vector<HostLine> read_hosts(const HostText& hosts, std::vector<std::string>& warnings) {
  std::vector<HostLine> lines;
  std::string_view rest = hosts.text;
  for (int number = hosts.line; !rest.empty(); ++number) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto words = words_of(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (words.empty()) continue;

    const auto warn = [&](std::string_view problem, std::string_view word, std::string_view what) {
      const Location where{.file = hosts.file, .line = number};
      warnings.push_back(
          fmt::format("{}: {} '{}', {} skipped, as dnsmasq does", where.to_string(), problem, word, what));
    };
    const auto address = parse_ip(words[0]);
    if (!address) {
      warn("bad address", words[0], "line");
      continue;
    }
    HostLine line{.address = *address, .names = {}};
    for (const auto word : std::span(words).subspan(1)) {
      if (auto name = canonical_name(word))
        line.names.push_back(std::move(*name));
      else
        warn("bad name", word, "name");
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace hanglab::servers
