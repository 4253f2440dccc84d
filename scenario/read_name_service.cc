#include <arpa/inet.h>

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "scenario/readers.hh"
#include "scenario/suggest.hh"

namespace hanglab::scenario {

namespace {

constexpr std::size_t most_nameservers = 3;  // glibc's MAXNS

struct TextLine {
  std::string text;
  Location where;
};

std::vector<TextLine> lines_of(const Value& value) {
  std::vector<TextLine> lines;
  std::istringstream stream(value.text);
  Location where = value.text_where;
  for (std::string line; std::getline(stream, line); ++where.line) lines.push_back({line, where});
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// What glibc passes over in silence, most likely a slip of the pen, is worth a word of ours.
class ResolvConfCritic {
 public:
  explicit ResolvConfCritic(std::vector<std::string>& warnings) : warnings_(warnings) {}

  void read(const TextLine& line) {
    const auto words = words_of(line.text);
    if (words.empty() || line.text.front() == '#' || line.text.front() == ';') return;
    const auto& keyword = words.front();
    const std::vector<std::string> keywords{"nameserver", "search", "domain", "options", "sortlist"};
    if (std::ranges::find(keywords, keyword) == keywords.end())
      warn(line, fmt::format("no keyword '{}' in resolv.conf{}", keyword, suggestion(keyword, keywords)));
    else if (!line.text.starts_with(keyword))
      warn(line, fmt::format("'{}' does not begin its line", keyword));
    else if (keyword == "nameserver")
      read_nameserver(line, words);
    else if (keyword == "options")
      for (const auto& option : std::span(words).subspan(1)) read_option(line, option);
  }

 private:
  void warn(const TextLine& line, const std::string& what) {
    warnings_.push_back(
        fmt::format("{}:{}: {}; ignored, as glibc does", line.where.file, line.where.line, what));
  }

  void read_nameserver(const TextLine& line, const std::vector<std::string>& words) {
    const auto address = words.size() > 1 ? words[1] : std::string();
    in_addr ignored{};
    const auto ipv6 = parse_ipv6(address.substr(0, address.find('%')));
    if (ipv6 && (is_link_local(*ipv6) || address.find('%') != std::string::npos))
      throw InputError(
          line.where,
          fmt::format("name server {}: the lab's hosts have no link-local addresses; give the server "
                      "a global or unique local one",
                      address));
    if (!ipv6 && inet_aton(address.c_str(), &ignored) == 0)
      warn(line, fmt::format("bad address '{}' of a name server", address));
    else if (++nameservers_ > most_nameservers)
      warn(line, fmt::format("{} is name server number {}", address, nameservers_));
  }

  void read_option(const TextLine& line, const std::string& option) {
    const std::vector<std::string> options{
        "ndots:",         "timeout:",     "attempts:",      "rotate",
        "no-check-names", "edns0",        "single-request", "single-request-reopen",
        "no-tld-query",   "no_tld_query", "use-vc",         "no-reload",
        "trust-ad",       "no-aaaa",      "debug",          "inet6"};
    const auto name =
        option.substr(0, option.find(':') == std::string::npos ? option.size() : option.find(':') + 1);
    if (std::ranges::find(options, name) == options.end())
      warn(line, fmt::format("no option '{}' in resolv.conf{}", option, suggestion(name, options)));
  }

  std::vector<std::string>& warnings_;
  std::size_t nameservers_ = 0;
};

// Of a whole nsswitch.conf, the line for hosts; the other databases have no part in a lookup.
TextLine hosts_line(const Value& value) {
  std::vector<TextLine> hosts;
  for (auto line : lines_of(value)) {
    const auto begin = line.text.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line.text[begin] == '#') continue;
    line.text.erase(0, begin);
    line.where.column += static_cast<int>(begin);
    if (line.text.starts_with("hosts:")) hosts.push_back(std::move(line));
  }
  if (hosts.size() > 1) throw InputError(hosts[1].where, "a second 'hosts:' line");
  if (hosts.size() == 1) return hosts.front();
  throw InputError(value.where, "no 'hosts:' line in it, as in \"hosts: files dns\"");
}

// A service whose module does something the lab does not model must not pass for one that fails.
void check_services(const kernel::NssHosts& services, const Location& where) {
  const std::vector<std::string> known{"files", "dns", "myhostname"};
  for (const auto& service : services)
    if (std::ranges::find(known, service.name) == known.end())
      throw InputError(where, fmt::format("the service '{}' is not modelled{}", service.name,
                                          suggestion(service.name, known)));
}

}  // namespace

void read_name_service(const Value& value, Host& host, std::vector<std::string>& warnings) {
  if (const Value* text = value.find("resolv.conf")) {
    ResolvConfCritic critic(warnings);
    for (const auto& line : lines_of(*text)) critic.read(line);
    host.resolv_conf_text = text->text;
  }
  host.resolv_conf = kernel::parse_resolv_conf(host.resolv_conf_text);

  TextLine line{.text = "hosts: files dns", .where = {}};
  if (const Value* text = value.find("nsswitch.conf")) line = hosts_line(*text);
  host.nsswitch_text = line.text;
  host.nsswitch = kernel::parse_nss_hosts(line.text, line.where);
  check_services(host.nsswitch, line.where);

  const auto* etc_hosts = value.text_of("hosts");
  host.etc_hosts = etc_hosts ? *etc_hosts : "127.0.0.1 localhost\n";
}

}  // namespace hanglab::scenario
