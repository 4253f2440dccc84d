#include "models/servers/unbound_conf.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "core/address.hh"
#include "models/servers/reverse_name.hh"

namespace hanglab::servers {

namespace {

constexpr std::uint32_t usual_ttl = 3600;  // local-data without a TTL

// The words of the text: keywords end in a colon, values may be quoted, `#` begins a comment.
class Lexer {
 public:
  explicit Lexer(const PlacedText& text) : text_(text) {}

  std::optional<Word> next() {
    const std::string& all = text_.text;
    skip_blank();
    if (at_ == all.size()) return {};
    const std::size_t begin = at_;
    const char quote = all[at_];
    if (quote != '"' && quote != '\'') {
      at_ = std::min(all.find_first_of(" \t\r\n\"'", at_), all.size());
      return Word{.text = all.substr(begin, at_ - begin), .where = place_in(text_, begin)};
    }
    const auto end = all.find_first_of(std::string{quote, '\n'}, begin + 1);
    if (end == std::string::npos || all[end] != quote)
      throw InputError(place_in(text_, begin), fmt::format("{} is never closed", quote));
    at_ = end + 1;
    return Word{
        .text = all.substr(begin + 1, end - begin - 1), .where = place_in(text_, begin + 1), .quoted = true};
  }

 private:
  void skip_blank() {
    const std::string& all = text_.text;
    while (at_ < all.size()) {
      if (all[at_] == '#')
        at_ = std::min(all.find('\n', at_), all.size());
      else if (std::string_view(" \t\r\n").find(all[at_]) != std::string_view::npos)
        ++at_;
      else
        return;
    }
  }

  const PlacedText& text_;
  std::size_t at_ = 0;
};

using Values = std::vector<Word>;

bool yes_or_no(const Word& word) {
  if (word.text != "yes" && word.text != "no")
    throw InputError(word.where, fmt::format("'{}' is neither yes nor no", word.text));
  return word.text == "yes";
}

const std::map<std::string_view, LocalZoneType> zone_types{
    {"deny", LocalZoneType::deny},
    {"refuse", LocalZoneType::refuse},
    {"static", LocalZoneType::static_data},
    {"redirect", LocalZoneType::redirect},
    {"always_refuse", LocalZoneType::always_refuse},
    {"always_nxdomain", LocalZoneType::always_nxdomain},
    {"always_nodata", LocalZoneType::always_nodata},
    {"always_deny", LocalZoneType::always_deny},
    {"always_null", LocalZoneType::always_null},
};

void add_zone(UnboundConf& conf, const Values& values) {
  const WireName name = lower_case(read_name(values[0], WireName(1, '\0')));
  if (values[1].text == "nodefault") return conf.nodefault.push_back(name);
  const auto type = zone_types.find(values[1].text);
  if (type == zone_types.end())
    throw InputError(values[1].where,
                     fmt::format("local-zone type '{}' is not modelled: the lab has no other servers to ask",
                                 values[1].text));
  if (std::ranges::find(conf.zones, name, &LocalZone::name) != conf.zones.end())
    throw InputError(values[0].where, fmt::format("local-zone {} stands here twice", values[0].text));
  conf.zones.push_back({.name = name, .type = type->second, .where = values[0].where});
}

void add_data(UnboundConf& conf, const Values& values) {
  const WireName root(1, '\0');
  const auto lines = split_records({.text = values[0].text, .where = values[0].where});
  if (lines.size() != 1) throw InputError(values[0].where, "local-data wants one record");
  const auto& words = lines[0].words;
  conf.data.push_back({.record = read_record(read_name(words[0], root), std::span(words).subspan(1), words[0],
                                             {.origin = root, .default_ttl = usual_ttl}),
                       .where = values[0].where});
}

// "10.0.9.9 one.mydomain.net", perhaps with a TTL between.
void add_pointer(UnboundConf& conf, const Values& values) {
  const WireName root(1, '\0');
  const auto lines = split_records({.text = values[0].text, .where = values[0].where});
  const auto address = lines.size() == 1 ? parse_ip(lines[0].words[0].text) : std::nullopt;
  if (!address || lines[0].words.size() < 2)
    throw InputError(values[0].where, "local-data-ptr wants an address and a name");
  auto words = lines[0].words;
  words.insert(words.end() - 1, Word{.text = "PTR", .where = words.back().where});
  conf.data.push_back({.record = read_record(wire_name(reverse_name(*address)), std::span(words).subspan(1),
                                             words[0], {.origin = root, .default_ttl = usual_ttl}),
                       .where = values[0].where});
}

void allow(UnboundConf& conf, const Values& values) {
  const bool ipv4 = values[0].text == "0.0.0.0/0";
  const bool ipv6 = values[0].text == "::/0" || values[0].text == "::0/0";
  if ((!ipv4 && !ipv6) || values[1].text != "allow")
    throw InputError(values[0].where,
                     "of access-control only `0.0.0.0/0 allow` and `::/0 allow` are modelled");
  (ipv4 ? conf.allows_ipv4 : conf.allows_ipv6) = true;
}

template <auto Member>
void set_flag(UnboundConf& conf, const Values& values) {
  conf.*Member = yes_or_no(values[0]);
}

template <auto Member>
void set_size(UnboundConf& conf, const Values& values) {
  conf.*Member = static_cast<std::uint16_t>(number(values[0], 12, 65535));
}

template <auto Member>
void set_milliseconds(UnboundConf& conf, const Values& values) {
  conf.*Member = std::chrono::milliseconds(number(values[0], 1, 1'000'000'000));
}

void set_incoming(UnboundConf& conf, const Values& values) {
  conf.incoming_num_tcp = number(values[0], 1, 10'000);
}

void one_thread(UnboundConf&, const Values& values) {
  if (values[0].text != "1") throw InputError(values[0].where, "only one thread is modelled, the default");
}

struct Statement {
  std::string_view keyword;
  std::size_t values = 1;
  void (*apply)(UnboundConf&, const Values&) = nullptr;  // null: changes no answer here
};

using C = UnboundConf;

// clang-format off: a table.
constexpr auto statements = std::to_array<Statement>({
    {"access-control:", 2, allow},
    {"edns-buffer-size:", 1, set_size<&C::edns_buffer_size>},
    {"edns-tcp-keepalive-timeout:", 1, set_milliseconds<&C::edns_tcp_keepalive_timeout>},
    {"edns-tcp-keepalive:", 1, set_flag<&C::edns_tcp_keepalive>},
    {"harden-large-queries:", 1, set_flag<&C::harden_large_queries>},
    {"harden-short-bufsize:", 1, set_flag<&C::harden_short_bufsize>},
    {"incoming-num-tcp:", 1, set_incoming},
    {"local-data-ptr:", 1, add_pointer},
    {"local-data:", 1, add_data},
    {"local-zone:", 2, add_zone},
    {"max-udp-size:", 1, set_size<&C::max_udp_size>},
    {"num-threads:", 1, one_thread},
    {"rrset-roundrobin:", 1, set_flag<&C::rrset_roundrobin>},
    {"tcp-idle-timeout:", 1, set_milliseconds<&C::tcp_idle_timeout>},
    {"unblock-lan-zones:", 1, set_flag<&C::unblock_lan_zones>},
    // Logging, and other servers' answers and their cache.
    {"cache-max-ttl:"},
    {"cache-min-ttl:"},
    {"do-ip4:"},
    {"do-ip6:"},
    {"log-queries:"},
    {"log-replies:"},
    {"minimal-responses:"},
    {"msg-cache-size:"},
    {"prefetch:"},
    {"qname-minimisation:"},
    {"rrset-cache-size:"},
    {"verbosity:"},
});
// clang-format on

void parse(UnboundConf& conf, const PlacedText& text) {
  Lexer lexer(text);
  bool in_server = false;
  while (const auto word = lexer.next()) {
    if (word->text == "server:") {
      in_server = true;
      continue;
    }
    if (!in_server)
      throw InputError(word->where, fmt::format("'{}' stands outside of 'server:'", word->text));
    const auto statement = std::ranges::find(statements, word->text, &Statement::keyword);
    if (statement == statements.end())
      throw InputError(word->where,
                       fmt::format("unbound's '{}' is not among what the lab models", word->text));
    Values values;
    while (values.size() < statement->values) {
      auto value = lexer.next();
      if (!value) throw InputError(word->where, fmt::format("'{}' lacks its value", word->text));
      values.push_back(std::move(*value));
    }
    if (statement->apply) statement->apply(conf, values);
  }
}

}  // namespace

UnboundConf parse_unbound_conf(const std::vector<PlacedText>& texts, bool ipv4, bool ipv6) {
  UnboundConf conf;
  for (const auto& text : texts) parse(conf, text);
  const Location where = texts.empty() ? Location{} : texts.front().where;
  if (std::ranges::find(conf.zones, WireName(1, '\0'), &LocalZone::name) == conf.zones.end())
    throw InputError(where,
                     "unbound would ask other servers for names outside of its zones; the lab has none: say "
                     "`local-zone: \".\" refuse`");
  const auto refuses = [&where](const char* network) {
    return InputError(where, fmt::format("unbound refuses every other host unless told otherwise: say "
                                         "`access-control: {} allow`",
                                         network));
  };
  if (ipv4 && !conf.allows_ipv4) throw refuses("0.0.0.0/0");
  if (ipv6 && !conf.allows_ipv6) throw refuses("::/0");
  return conf;
}

}  // namespace hanglab::servers
