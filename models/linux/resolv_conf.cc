#include "models/linux/resolv_conf.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "core/words.hh"

namespace hanglab::kernel {

namespace {

constexpr std::size_t most_nameservers = 3;
constexpr int most_ndots = 15;
constexpr std::string_view blanks = " \t";

// What follows the keyword, which has to begin the line and be followed by a blank.
std::optional<std::string_view> after(std::string_view line, std::string_view keyword) {
  if (!line.starts_with(keyword) || line.size() == keyword.size()) return {};
  if (blanks.find(line[keyword.size()]) == std::string_view::npos) return {};
  line.remove_prefix(keyword.size());
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  return line;
}

// inet_aton() reads "127.1", too; of what follows the address only a blank may, no carriage return.
void add_nameserver(std::string_view text, ResolvConf& conf) {
  if (conf.nameservers.size() == most_nameservers) return;
  const auto written = text.substr(0, text.find_first_of(blanks));
  const bool is_exact = !written.empty() && written.find_first_of("\r\v\f") == std::string_view::npos;
  in_addr v4{};
  if (is_exact && inet_aton(std::string(written).c_str(), &v4)) {
    conf.nameservers.emplace_back(Ipv4Address{ntohl(v4.s_addr)});
    return;
  }
  if (const auto v6 = parse_ipv6(written.substr(0, written.find('%')))) conf.nameservers.emplace_back(*v6);
}

// atoi() skips blanks, so that in "timeout: 3" the number is 3.
int number_after(std::string_view option, std::string_view name) {
  return std::atoi(std::string(option.substr(name.size())).c_str());
}

// Takes the rest of the line. An option holds if the word begins with its name: "rotated" rotates.
void set_option(std::string_view option, ResolvConf& conf) {
  if (option.starts_with("ndots:")) {
    // Kept in four bits, where -1 is 15.
    conf.ndots = std::min(number_after(option, "ndots:"), most_ndots) & 0xf;
  } else if (option.starts_with("timeout:")) {
    conf.timeout_s = number_after(option, "timeout:");
  } else if (option.starts_with("attempts:")) {
    conf.attempts = number_after(option, "attempts:");
  } else if (option.starts_with("rotate")) {
    conf.rotate = true;
  } else if (option.starts_with("edns0")) {
    conf.edns0 = true;
  } else if (option.starts_with("single-request-reopen")) {
    conf.single_request_reopen = true;
  } else if (option.starts_with("single-request")) {
    conf.single_request = true;
  } else if (option.starts_with("use-vc")) {
    conf.use_vc = true;
  } else if (option.starts_with("trust-ad")) {
    conf.trust_ad = true;
  } else if (option.starts_with("no-aaaa")) {
    conf.no_aaaa = true;
  }
}

// There are no comments at the end of a line: their words are search domains or unknown options.
void read_line(std::string_view line, ResolvConf& conf) {
  if (line.starts_with(';') || line.starts_with('#')) return;
  if (const auto domain = after(line, "domain")) {
    if (!domain->empty()) conf.search = {std::string(domain->substr(0, domain->find_first_of(blanks)))};
  } else if (const auto search = after(line, "search")) {
    const auto domains = words_of(*search, blanks);
    if (!domains.empty()) conf.search.assign(domains.begin(), domains.end());
  } else if (const auto nameserver = after(line, "nameserver")) {
    add_nameserver(*nameserver, conf);
  } else if (const auto options = after(line, "options")) {
    for (const auto option : words_of(*options, blanks)) {
      set_option(options->substr(static_cast<std::size_t>(option.data() - options->data())), conf);
    }
  }
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf conf;
  while (!text.empty()) {
    const auto length = std::min(text.find('\n'), text.size());
    read_line(text.substr(0, length), conf);
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  if (conf.nameservers.empty()) conf.nameservers = {Ipv4Address{0x7f000001}};
  return conf;
}

}  // namespace hanglab::kernel
