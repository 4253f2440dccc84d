#include "models/netfilter/iptables_parse.hh"

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "models/netfilter/iptables_command.hh"
#include "models/netfilter/iptables_loops.hh"
#include "models/netfilter/iptables_state.hh"
#include "models/netfilter/iptables_values.hh"
#include "models/netfilter/iptables_words.hh"

namespace hanglab::kernel {

namespace {

constexpr std::size_t longest_chain_name = 28;  // XT_EXTENSION_MAXNAMELEN - 1

class TableReader {
 public:
  explicit TableReader(IpVersion version) { table_.version = version; }

  void read(const Line& line) {
    if (section_) {
      read_in_section(line);
    } else if (line.words[0].text.starts_with('*')) {
      open_section(line.words[0]);
    } else {
      read_typed(line);
    }
  }

  RuleTable finish() {
    if (section_) fail(*section_, "the table " + section_->text.substr(1) + " has no COMMIT");
    number_state(table_);
    return std::move(table_);
  }

 private:
  // A line of iptables-save's output, between *TABLE and COMMIT.
  void read_in_section(const Line& line) {
    std::span<const Word> words = line.words;
    const Word& first = words[0];
    if (first.text == "COMMIT" && words.size() == 1) {
      section_.reset();
      return;
    }
    if (first.text.starts_with('*')) fail(first, "the table before has no COMMIT");
    if (first.text.starts_with(':')) return declare_chain(line);
    if (first.text.starts_with('[') && first.text.ends_with(']')) words = words.subspan(1);
    if (section_->text != "*filter") refuse_table(first, section_->text.substr(1));
    auto command = read_command(words, line.end, table_.version);
    if (command.table)
      fail(*command.table, "-t has no place between *" + section_->text.substr(1) + " and COMMIT");
    run(command);
  }

  void read_typed(const Line& line) {
    std::span<const Word> words = line.words;
    if (words[0].text == "sudo") words = words.subspan(1);
    if (!words.empty() && !words[0].text.starts_with('-')) {
      check_program(words[0]);
      words = words.subspan(1);
    }
    auto command = read_command(words, line.end, table_.version);
    if (command.table && command.table->text != "filter") refuse_table(*command.table, command.table->text);
    run(command);
  }

  // "iptables", "/usr/sbin/ip6tables-nft"
  void check_program(const Word& word) const {
    auto name = word.text.substr(word.text.rfind('/') + 1);
    if (name.ends_with("-nft") || name.ends_with("-legacy")) name.erase(name.rfind('-'));
    const std::string own = table_.version == IpVersion::v4 ? "iptables" : "ip6tables";
    const std::string other = table_.version == IpVersion::v4 ? "ip6tables" : "iptables";
    if (name == other)
      fail(word, "the rules of " + other + " stand under '" + other + "', not under '" + own + '\'');
    if (name != own)
      fail(word, "'" + word.text + "' begins no " + own + " command and no " + own + "-save line");
  }

  // What iptables-restore does first: rules and user chains go, policies stay.
  void open_section(const Word& word) {
    section_ = word;
    if (word.text != "*filter") return;
    table_.chains.resize(RuleTable::base_chains);
    for (Chain& chain : table_.chains) chain.rules.clear();
  }

  [[noreturn]] static void refuse_table(const Word& word, const std::string& name) {
    fail(word, "the lab has the filter table only, no rules in '" + name + "'");
  }

  // ":OUTPUT ACCEPT [12:3456]"
  void declare_chain(const Line& line) {
    const Word name{line.words[0].text.substr(1), line.words[0].at};
    if (line.words.size() < 2) throw InputError(line.end, "no policy for the chain '" + name.text + '\'');
    if (line.words.size() > 3) fail(line.words[3], "'" + line.words[3].text + "' is out of place here");
    const Word& policy = line.words[1];
    if (section_->text != "*filter") {
      if (policy.text != "ACCEPT" && policy.text != "-") refuse_table(policy, section_->text.substr(1));
      return;
    }
    const auto chain = find(name.text);
    if (!chain) {
      if (policy.text != "-") fail(policy, "a user chain has no policy: expected '-'");
      return add_chain(name);
    }
    if (*chain >= RuleTable::base_chains) fail(name, "the chain '" + name.text + "' is there already");
    if (policy.text != "-") set_policy(table_.chains[*chain], policy);
  }

  void run(Command& command) {
    switch (command.verb) {
      case 'A':
      case 'I': return add_rules(command);
      case 'N': return add_chain(*command.chain);
      case 'F': return flush(command);
      case 'X': return delete_chains(command);
      case 'P': {
        const auto chain = known(*command.chain);
        if (chain >= RuleTable::base_chains)
          fail(*command.chain, "only INPUT, FORWARD and OUTPUT have a policy");
        return set_policy(table_.chains[chain], *command.detail);
      }
      case 'Z':  // the counters of packets and bytes, which decide nothing
        if (command.chain) known(*command.chain);
        return;
    }
  }

  void add_rules(Command& command) {
    const auto at = known(*command.chain);
    if (at == static_cast<std::size_t>(Hook::output) && command.in_interface) {
      fail(*command.in_interface, "no packet of OUTPUT has come in by an interface");
    }
    if (at == static_cast<std::size_t>(Hook::input) && command.out_interface) {
      fail(*command.out_interface, "no packet of INPUT goes out by an interface");
    }
    Rule& rule = command.rule;
    for (const Given& given : command.matches) {
      auto match = build_match(given, rule.protocol, table_.version);
      if (!match) continue;
      if (auto* limit = std::get_if<HashlimitMatch>(&*match)) join_hashlimit(*limit, table_);
      rule.matches.push_back(std::move(*match));
    }
    if (command.target) rule.target = build_target(*command.target, rule.protocol, table_.version);
    if (command.jump && !command.target) rule.target = jump(command);

    auto& rules = table_.chains[at].rules;
    auto place = command.verb == 'A' ? rules.size() : insertion_index(command, rules.size());
    for (const auto& source : command.sources) {
      for (const auto& destination : command.destinations) {
        rule.source = source;
        rule.destination = destination;
        rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(place), rule);
        if (command.verb == 'A') ++place;  // -I puts each new one before the one just put
      }
    }
    if (rule.target.kind != Target::Kind::jump && rule.target.kind != Target::Kind::go_to) return;
    if (const auto loop = find_loop(table_); !loop.empty())
      fail(*command.jump, "the chains call each other in a loop: " + loop);
  }

  static std::size_t insertion_index(const Command& command, std::size_t size) {
    if (!command.detail) return 0;
    const auto number = read_number(*command.detail, 1, 0x7fffffff);
    if (number > size + 1) {
      fail(*command.detail,
           "the chain has " + std::to_string(size) + " rules: none can be put in at " + command.detail->text);
    }
    return number - 1;
  }

  Target jump(const Command& command) const {
    const Word& name = *command.jump;
    const auto chain = find(name.text);
    if (!chain) {
      fail(name, command.is_goto ? "no chain '" + name.text + '\''
                                 : "no chain or target '" + name.text + "'; the lab reads the targets " +
                                       known_targets());
    }
    if (*chain < RuleTable::base_chains) fail(name, "no rule can jump to the built-in chain " + name.text);
    return {.kind = command.is_goto ? Target::Kind::go_to : Target::Kind::jump, .chain = *chain};
  }

  void add_chain(const Word& name) {
    if (find(name.text)) fail(name, "the chain '" + name.text + "' is there already");
    if (find_target(name.text)) fail(name, "a chain cannot have the name of the target " + name.text);
    if (name.text.empty() || name.text[0] == '-' || name.text[0] == '!') {
      fail(name, "the name of a chain does not begin with '-' or '!', nor is it empty");
    }
    if (name.text.size() > longest_chain_name) fail(name, "the name of a chain has at most 28 characters");
    table_.chains.push_back({.name = name.text});
  }

  void flush(const Command& command) {
    if (command.chain) {
      table_.chains[known(*command.chain)].rules.clear();
      return;
    }
    for (Chain& chain : table_.chains) chain.rules.clear();
  }

  void delete_chains(const Command& command) {
    const auto first = command.chain ? known(*command.chain) : RuleTable::base_chains;
    const auto last = command.chain ? first + 1 : table_.chains.size();
    if (first < RuleTable::base_chains) fail(*command.chain, "a built-in chain cannot be deleted");
    const Word& place = command.chain ? *command.chain : command.word;
    for (auto chain = first; chain < last; ++chain) {
      const auto& name = table_.chains[chain].name;
      if (!table_.chains[chain].rules.empty()) fail(place, "the chain '" + name + "' still has rules");
      if (is_called(chain)) fail(place, "the chain '" + name + "' is still called by a rule");
    }
    for (auto chain = first; chain < last; ++chain) table_.chains[chain].name.clear();
  }

  bool is_called(std::size_t callee) const {
    return std::ranges::any_of(table_.chains, [&](const Chain& chain) {
      return std::ranges::any_of(chain.rules, [&](const Rule& rule) { return rule.target.chain == callee; });
    });
  }

  static void set_policy(Chain& chain, const Word& policy) {
    if (policy.text != "ACCEPT" && policy.text != "DROP")
      fail(policy, "a policy is ACCEPT or DROP, not '" + policy.text + '\'');
    chain.policy_drop = policy.text == "DROP";
  }

  std::optional<std::size_t> find(const std::string& name) const {
    const auto chain = std::ranges::find(table_.chains, name, &Chain::name);
    if (chain == table_.chains.end() || name.empty()) return {};
    return static_cast<std::size_t>(chain - table_.chains.begin());
  }

  std::size_t known(const Word& name) const {
    if (const auto chain = find(name.text)) return *chain;
    fail(name, "no chain '" + name.text + '\'');
  }

  RuleTable table_{};
  std::optional<Word> section_{};  // the *TABLE that is open
};

}  // namespace

RuleTable parse_filter_table(std::string_view text, const Location& where, IpVersion version) {
  TableReader reader(version);
  for (const Line& line : split_lines(text, where)) reader.read(line);
  return reader.finish();
}

}  // namespace hanglab::kernel
