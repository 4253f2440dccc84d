#include "models/resolvers/dig_resolv_conf.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "core/words.hh"

namespace hanglab::resolvers::dig {

namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::size_t most_servers = 3;
constexpr Ipv4Address loopback{0x7f000001};

// "timeout:" without a number says 0, and 0 is as good as nothing.
bool read_option(std::string_view option, ResolvConf& conf) {
  const auto colon = option.find(':');
  const auto name = option.substr(0, colon);
  if (colon == std::string_view::npos || (name != "timeout" && name != "attempts" && name != "ndots"))
    return true;
  const std::string digits(option.substr(colon + 1));
  char* end = nullptr;
  const long number = std::strtol(digits.c_str(), &end, 10);
  if (*end != '\0' || number < 0 || number > 0xff) return false;
  if (name == "timeout" && number > 0) conf.timeout = std::chrono::seconds(number);
  if (name == "attempts" && number > 0) conf.attempts = static_cast<int>(number);
  return true;
}

// By getaddrinfo(3) with AI_NUMERICHOST, which knows "127.1" as well.
bool add_server(std::string_view written, ResolvConf& conf) {
  in_addr v4{};
  if (inet_aton(std::string(written).c_str(), &v4) != 0) {
    conf.servers.emplace_back(v4.s_addr == 0 ? loopback : Ipv4Address{ntohl(v4.s_addr)});
    return true;
  }
  const auto v6 = parse_ipv6(written.substr(0, written.find('%')));
  if (v6) conf.servers.emplace_back(*v6 == Ipv6Address{} ? *parse_ipv6("::1") : *v6);
  return v6.has_value();
}

}  // namespace

std::optional<ResolvConf> read_resolv_conf(std::string_view text) {
  ResolvConf conf;
  std::size_t servers = 0;
  while (!text.empty()) {
    const auto length = std::min(text.find('\n'), text.size());
    auto words = words_of(text.substr(0, length), blanks);
    // A comment ends a line before any word of it, not only before the first.
    words.erase(std::ranges::find_if(words, [](auto word) { return word[0] == '#' || word[0] == ';'; }),
                words.end());
    text.remove_prefix(std::min(length + 1, text.size()));
    if (words.empty()) continue;
    if (words[0] == "nameserver") {
      if (words.size() != 2) return {};
      if (++servers <= most_servers && !add_server(words[1], conf)) return {};
    } else if (words[0] == "options") {
      for (std::size_t i = 1; i < words.size(); ++i)
        if (!read_option(words[i], conf)) return {};
    }
    const bool needs_more = words[0] == "options" || words[0] == "search" || words[0] == "domain";
    if (needs_more && words.size() == 1) return {};
    if (words[0] == "domain" && words.size() > 2) return {};
  }
  if (servers == 0) conf.servers = {loopback};
  return conf;
}

}  // namespace hanglab::resolvers::dig
