#include "models/servers/named_conf.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

namespace hanglab::servers {

namespace {

// A statement: words, perhaps a block of statements, a semicolon.
struct Statement {
  std::vector<Word> words{};
  std::vector<Statement> block{};
  std::size_t block_begin = 0;  // 0: it has none
};

class Parser {
 public:
  explicit Parser(const PlacedText& text) : text_(text) {}

  std::vector<Statement> parse() {
    auto statements = block();
    if (at_ < all().size()) throw InputError(here(), "'}' without '{'");
    return statements;
  }

 private:
  const std::string& all() const { return text_.text; }
  Location here() const { return place_in(text_, at_); }
  bool looking_at(std::string_view what) const { return all().compare(at_, what.size(), what) == 0; }

  void skip_blank() {
    while (at_ < all().size()) {
      if (looking_at("/*"))
        skip_past("*/");
      else if (looking_at("//") || looking_at("#"))
        skip_past("\n");
      else if (std::string_view(" \t\r\n").find(all()[at_]) != std::string_view::npos)
        ++at_;
      else
        return;
    }
  }

  void skip_past(std::string_view what) {
    const auto end = all().find(what, at_);
    at_ = end == std::string::npos ? all().size() : end + what.size();
  }

  // Up to the closing brace or the end.
  std::vector<Statement> block() {
    std::vector<Statement> statements;
    for (skip_blank(); at_ < all().size() && all()[at_] != '}'; skip_blank())
      statements.push_back(statement());
    return statements;
  }

  Statement statement() {
    Statement statement;
    const Location begin = here();
    for (skip_blank(); at_ < all().size() && all()[at_] != ';'; skip_blank()) {
      if (all()[at_] == '}') throw InputError(here(), "'}' where a ';' is missing");
      if (all()[at_] != '{') {
        statement.words.push_back(word());
        continue;
      }
      const Location opened = here();
      statement.block_begin = ++at_;
      statement.block = block();
      if (at_ == all().size()) throw InputError(opened, "'{' is never closed");
      ++at_;
    }
    if (at_ == all().size()) throw InputError(begin, "the statement lacks its ';'");
    ++at_;
    if (statement.words.empty()) throw InputError(begin, "a statement without words");
    return statement;
  }

  Word word() {
    Word word{.text = {}, .where = here(), .quoted = all()[at_] == '"'};
    const std::size_t begin = word.quoted ? at_ + 1 : at_;
    const auto end = all().find_first_of(word.quoted ? "\"\n" : " \t\r\n;{}\"", begin);
    if (word.quoted && (end == std::string::npos || all()[end] == '\n'))
      throw InputError(word.where, "'\"' is never closed");
    at_ = std::min(end, all().size());
    word.text = all().substr(begin, at_ - begin);
    if (word.quoted) ++at_;
    return word;
  }

  const PlacedText& text_;
  std::size_t at_ = 0;
};

[[noreturn]] void refuse(const Word& word, std::string_view why) {
  throw InputError(word.where, fmt::format("named's '{}' {}", word.text, why));
}

const Word& only_value(const Statement& statement) {
  if (statement.words.size() != 2 || statement.block_begin != 0)
    refuse(statement.words[0], "wants one value");
  return statement.words[1];
}

int number(const Statement& statement, int least, int most) {
  return servers::number(only_value(statement), least, most);
}

bool yes_or_no(const Statement& statement) {
  const Word& word = only_value(statement);
  if (word.text == "yes" || word.text == "true" || word.text == "1") return true;
  if (word.text == "no" || word.text == "false" || word.text == "0") return false;
  throw InputError(word.where, fmt::format("'{}' is neither yes nor no", word.text));
}

template <class Choice>
Choice one_of(const std::map<std::string_view, Choice>& choices, const Word& word) {
  const auto choice = choices.find(word.text);
  if (choice == choices.end())
    throw InputError(word.where, fmt::format("'{}' is not modelled here", word.text));
  return choice->second;
}

void set_minimal_responses(NamedConf& conf, const Statement& statement) {
  using M = MinimalResponses;
  conf.minimal_responses = one_of<M>(
      {{"yes", M::yes}, {"no", M::no}, {"no-auth", M::no_auth}, {"no-auth-recursive", M::no_auth_recursive}},
      only_value(statement));
}

// rrset-order { order random; };
void set_rrset_order(NamedConf& conf, const Statement& statement) {
  using O = RrsetOrder;
  const bool for_all = statement.block.size() == 1 && statement.block[0].words.size() == 2 &&
                       statement.block[0].words[0].text == "order";
  if (!for_all) refuse(statement.words[0], "is modelled for all names at once alone: { order …; }");
  conf.rrset_order = one_of<O>({{"random", O::random}, {"cyclic", O::cyclic}, {"none", O::none}},
                               statement.block[0].words[1]);
}

void no_recursion(NamedConf&, const Statement& statement) {
  if (yes_or_no(statement)) refuse(statement.words[0], "would ask other servers; the lab has none");
}

void no_validation(NamedConf&, const Statement& statement) {
  if (only_value(statement).text != "no")
    refuse(statement.words[0], "would ask the root servers for keys; the lab has none");
}

template <auto Member>
void set_flag(NamedConf& conf, const Statement& statement) {
  conf.*Member = yes_or_no(statement);
}

// named raises what is below 512.
template <auto Member>
void set_size(NamedConf& conf, const Statement& statement) {
  conf.*Member = static_cast<std::uint16_t>(std::clamp(number(statement, 0, 65535), 512, 4096));
}

template <auto Member>
void set_tenths(NamedConf& conf, const Statement& statement) {
  conf.*Member = number(statement, 1, 1200) * std::chrono::milliseconds(100);
}

void set_tcp_clients(NamedConf& conf, const Statement& statement) {
  conf.tcp_clients = number(statement, 1, 100'000);
}

void set_max_records(NamedConf& conf, const Statement& statement) {
  conf.max_records_per_type = static_cast<std::size_t>(number(statement, 0, 1'000'000));
}

struct Option {
  std::string_view name;
  void (*apply)(NamedConf&, const Statement&) = nullptr;  // null: changes no answer here
};

using C = NamedConf;

// clang-format off: a table.
constexpr auto options = std::to_array<Option>({
    {"answer-cookie", set_flag<&C::answer_cookie>},
    {"dnssec-validation", no_validation},
    {"edns-udp-size", set_size<&C::edns_udp_size>},
    {"max-records-per-type", set_max_records},
    {"max-udp-size", set_size<&C::max_udp_size>},
    {"minimal-any", set_flag<&C::minimal_any>},
    {"minimal-responses", set_minimal_responses},
    {"recursion", no_recursion},
    {"rrset-order", set_rrset_order},
    {"tcp-advertised-timeout", set_tenths<&C::tcp_advertised_timeout>},
    {"tcp-clients", set_tcp_clients},
    {"tcp-idle-timeout", set_tenths<&C::tcp_idle_timeout>},
    {"tcp-initial-timeout", set_tenths<&C::tcp_initial_timeout>},
    {"tcp-keepalive-timeout", set_tenths<&C::tcp_keepalive_timeout>},
    {"auth-nxdomain"},
    {"notify"},
    {"querylog"},
    {"version"},
});
// clang-format on

void read_options(NamedConf& conf, const Statement& statement) {
  if (conf.options_begin != 0) refuse(statement.words[0], "stands here twice");
  if (statement.block_begin == 0) refuse(statement.words[0], "wants a block");
  conf.options_begin = statement.block_begin;
  const auto says = [&](std::string_view name) {
    return std::ranges::any_of(statement.block,
                               [&](const Statement& inner) { return inner.words[0].text == name; });
  };
  for (const auto* required : {"recursion", "dnssec-validation"})
    if (!says(required))
      refuse(statement.words[0],
             fmt::format("has to say `{} no`: the lab has no other servers to ask", required));
  for (const Statement& inner : statement.block) {
    const auto option = std::ranges::find(options, inner.words[0].text, &Option::name);
    if (option == options.end()) refuse(inner.words[0], "is not among what the lab models");
    if (option->apply) option->apply(conf, inner);
  }
}

// zone "mydomain.net" { type primary; file "mydomain.net.zone"; };
void read_zone(NamedConf& conf, const Statement& statement) {
  const auto& words = statement.words;
  const bool named =
      words.size() == 2 || (words.size() == 3 && (words[2].text == "IN" || words[2].text == "in"));
  if (!named) refuse(words[0], "wants a name");
  NamedZone zone{.name = read_name(words[1], WireName(1, '\0')), .file = {}, .where = words[1].where};
  bool primary = false;
  for (const Statement& inner : statement.block) {
    const Word& value = only_value(inner);
    if (inner.words[0].text == "type" && (value.text == "primary" || value.text == "master")) {
      primary = true;
    } else if (inner.words[0].text == "file") {
      zone.file = value.text;
      zone.where = value.where;
    } else {
      refuse(inner.words[0], fmt::format("with '{}' is not modelled in a zone", value.text));
    }
  }
  if (!primary || zone.file.empty()) refuse(words[0], "wants `type primary` and a file");
  const auto same = [&](const NamedZone& other) { return lower_case(other.name) == lower_case(zone.name); };
  if (std::ranges::any_of(conf.zones, same))
    throw InputError(words[1].where, fmt::format("zone '{}' stands here twice", words[1].text));
  conf.zones.push_back(std::move(zone));
}

}  // namespace

NamedConf parse_named_conf(const PlacedText& text) {
  NamedConf conf;
  for (const Statement& statement : Parser(text).parse()) {
    if (statement.words[0].text == "options")
      read_options(conf, statement);
    else if (statement.words[0].text == "zone")
      read_zone(conf, statement);
    else
      refuse(statement.words[0], "is not among what the lab models");
  }
  if (conf.options_begin == 0)
    throw InputError(text.where,
                     "named would ask other servers: say `options { recursion no; dnssec-validation no; };`");
  return conf;
}

}  // namespace hanglab::servers
