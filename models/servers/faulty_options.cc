#include "models/servers/faulty_options.hh"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "models/servers/dnsmasq_options.hh"

namespace hanglab::servers {

namespace {

constexpr std::string_view late = "late:";
constexpr int longest_delay = 3600000;  // ms

const std::map<std::string, UdpFault, std::less<>> udp_words{
    {"answer", UdpFault::none}, {"truncate", UdpFault::truncate}, {"silent", UdpFault::silent}};

const std::map<std::string, TcpFault, std::less<>> tcp_words{
    {"answer", TcpFault::none},
    {"close", TcpFault::close},
    {"close-after-query", TcpFault::close_after_query},
    {"reset", TcpFault::reset},
    {"silent", TcpFault::silent},
    {"half", TcpFault::half}};

// "3s" or "250ms", up to an hour.
std::optional<Duration> read_delay(std::string_view text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count <= 0 || count > longest_delay) return {};
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit == "ms") return std::chrono::milliseconds(count);
  if (unit == "s" && count <= longest_delay / 1000) return std::chrono::seconds(count);
  return {};
}

template <typename Fault>
void apply(const std::string& option, std::string_view word,
           const std::map<std::string, Fault, std::less<>>& words, Fault& fault, Duration& delay,
           const Location& where) {
  fault = Fault::none;
  delay = {};
  if (word.starts_with(late)) {
    const auto time = read_delay(word.substr(late.size()));
    if (!time)
      throw InputError(where, fmt::format("lab option {}: '{}' wants a time up to 1 h, as in 'late:3s' or "
                                          "'late:250ms'",
                                          option, word));
    delay = *time;
    return;
  }
  const auto known = words.find(word);
  if (known == words.end()) {
    std::string all;
    for (const auto& [name, value] : words) all += name + ", ";
    throw InputError(where, fmt::format("lab option {}: no '{}'; there are {}late:TIME", option, word, all));
  }
  fault = known->second;
}

}  // namespace

FaultyOptions parse_faulty_options(std::string_view options, const Location& where) {
  FaultyOptions parsed;
  std::istringstream words{std::string(options)};
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    const std::string option = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (option == "--udp")
      apply(option, value, udp_words, parsed.udp, parsed.udp_delay, where);
    else if (option == "--tcp")
      apply(option, value, tcp_words, parsed.tcp, parsed.tcp_delay, where);
    else if (option == "--local")
      parsed.local += " " + word;
    else
      throw InputError(
          where, fmt::format("lab option {} is unknown; there are --udp=, --tcp= and --local=", option));
  }
  parse_dnsmasq_options("2.90", parsed.local, where);
  return parsed;
}

void check_faulty_version(std::string_view version, const Location& where) {
  if (version != "1") throw InputError(where, fmt::format("there is no lab {}; there is lab 1", version));
}

}  // namespace hanglab::servers
