#include "models/resolvers/dnspython_config.hh"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "core/words.hh"

namespace hanglab::resolvers::dnspython {

namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr int longest_timeout = 1'000'000'000;  // in seconds; the lifetime ends it long before

Nameserver nameserver(std::string_view written) {
  if (const auto v4 = parse_ipv4(written)) return {.kind = Nameserver::Kind::ipv4, .address = *v4};
  if (const auto v6 = parse_ipv6(written.substr(0, written.find('%'))))
    return {.kind = Nameserver::Kind::ipv6, .address = *v6};
  return {.kind = Nameserver::Kind::no_address};
}

// What stands between the first colon and the second, as int() takes it: "5", "+5", "-1".
std::optional<int> number_in(std::string_view option) {
  const auto colon = option.find(':');
  if (colon == std::string_view::npos) return {};
  auto text = option.substr(colon + 1);
  text = text.substr(0, text.find(':'));
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return {};
  if (error == std::errc::result_out_of_range) return text.starts_with('-') ? -1 : longest_timeout;
  return std::min(number, longest_timeout);
}

// An option is known by a part of its name: "mytimeout:5" is a timeout too.
void read_option(std::string_view option, Config& config) {
  if (option == "rotate") {
    config.rotate = true;
  } else if (option == "edns0") {
    config.edns0 = true;
  } else if (option.find("timeout") != std::string_view::npos) {
    if (const auto seconds = number_in(option)) config.timeout = std::chrono::seconds(*seconds);
  }
}

}  // namespace

Config read_config(std::string_view text) {
  Config config;
  while (!text.empty()) {
    const auto length = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (line.starts_with('#') || line.starts_with(';')) continue;
    const auto words = words_of(line, blanks);
    if (words.size() < 2) continue;
    if (words[0] == "nameserver") config.nameservers.push_back(nameserver(words[1]));
    if (words[0] == "options")
      for (std::size_t i = 1; i < words.size(); ++i) read_option(words[i], config);
  }
  return config;
}

}  // namespace hanglab::resolvers::dnspython
