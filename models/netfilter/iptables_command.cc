#include "models/netfilter/iptables_command.hh"

#include <algorithm>
#include <string>
#include <utility>

#include "models/netfilter/iptables_options.hh"
#include "models/netfilter/iptables_values.hh"

namespace hanglab::kernel {

namespace {

class Reader {
 public:
  Reader(std::span<const Word> words, const Location& end, IpVersion version)
      : rest_(words), end_(end), version_(version) {}

  Command read() {
    while (!rest_.empty()) read_option();
    if (command_.verb == 0) throw InputError(end_, "no command: expected one of -A, -I, -P, -N, -F, -X");
    const bool has_rule = command_.verb == 'A' || command_.verb == 'I';
    if (!has_rule && first_rule_option_) {
      fail(*first_rule_option_, first_rule_option_->text + " has no meaning with -" + command_.verb);
    }
    return std::move(command_);
  }

 private:
  // What an option's name may mean: one of iptables' own, or one of a loaded extension.
  struct Meaning {
    std::string_view name;
    const OwnOption* own = nullptr;
    Given* extension = nullptr;
    const OptionSpec* spec = nullptr;
    bool operator==(const Meaning& other) const { return own == other.own && spec == other.spec; }
  };

  void read_option() {
    const bool inverted = take_bang();
    if (rest_.empty()) throw InputError(end_, "nothing follows the '!'");
    Word word = take();
    if (!word.text.starts_with('-') || word.text == "-") {
      fail(word, "'" + word.text + "' is out of place here");
    }
    const auto meaning = meaning_of(word);
    if (meaning.own) {
      read_own(*meaning.own, word, inverted);
    } else {
      read_extension(*meaning.extension, *meaning.spec, word, inverted);
    }
    if (attached_) fail(*attached_, word.text + " takes no argument");
  }

  // Long names may be cut short, as getopt_long takes them, and may hold their argument after a '='.
  Meaning meaning_of(Word& word) {
    for (const auto& option : own_options()) {
      if (option.is_of(version_) && option.is_short_for(word.text)) return {.name = {}, .own = &option};
    }
    detach_argument(word);
    auto found = candidates(word.text);
    if (found.empty() && load_protocol_match(word)) found = candidates(word.text);
    if (found.empty()) fail(word, "unknown option '" + word.text + '\'' + advice(word.text));
    const auto exact = std::ranges::find(found, std::string_view(word.text), &Meaning::name);
    if (exact != found.end()) return *exact;
    for (const auto& other : found) {
      if (other == found.front()) continue;
      fail(word, "'" + word.text + "' may be '" + std::string(found.front().name) + "' or '" +
                     std::string(other.name) + '\'');
    }
    return found.front();
  }

  std::string advice(const std::string& option) const {
    if (!command_.jump || command_.target) return advice_on(option);
    return "; the lab reads no target '" + command_.jump->text + "', only " + known_targets();
  }

  // The last loaded extension comes first, so that of two alike the last one is given the option.
  std::vector<Meaning> candidates(const std::string& text) {
    std::vector<Meaning> found;
    if (!text.starts_with("--")) return found;
    const auto consider = [&](std::string_view name, Meaning meaning) {
      if (name.empty() || !name.starts_with(text)) return;
      meaning.name = name;
      found.push_back(meaning);
    };
    const auto consider_all = [&](Given& given) {
      for (const auto& spec : given.spec->options) {
        consider(spec.name, {.name = {}, .extension = &given, .spec = &spec});
        consider(spec.alias, {.name = {}, .extension = &given, .spec = &spec});
      }
    };
    if (command_.target) consider_all(*command_.target);
    for (auto given = command_.matches.rbegin(); given != command_.matches.rend(); ++given)
      consider_all(*given);
    for (const auto& option : own_options()) {
      if (!option.is_of(version_)) continue;
      for (const auto name : option.names) consider(name, {.name = {}, .own = &option});
    }
    return found;
  }

  // `-p tcp --dport 53` needs no `-m tcp`: the match is loaded when the first option of it is met.
  bool load_protocol_match(const Word& word) {
    if (protocol_match_loaded_ || command_.rule.protocol.inverted) return false;
    const auto icmp =
        version_ == IpVersion::v4 ? std::pair{"icmp", protocol::icmp} : std::pair{"icmp6", protocol::icmpv6};
    for (const auto& [name, number] :
         {std::pair{"tcp", protocol::tcp}, std::pair{"udp", protocol::udp}, icmp}) {
      if (number != command_.rule.protocol.number) continue;
      command_.matches.push_back({.spec = find_match(name, version_), .word = word});
      protocol_match_loaded_ = true;
      return true;
    }
    return false;
  }

  void read_own(const OwnOption& option, const Word& word, bool inverted) {
    if (inverted && !option.invertible) fail(word, word.text + " cannot be inverted");
    std::vector<Word> arguments;
    for (std::size_t n = 0; n < option.arguments; ++n)
      arguments.push_back(take_argument(word, option.invertible));
    for (std::size_t n = 0; n < option.optional_arguments && has_optional_argument(); ++n) {
      arguments.push_back(take());
    }
    switch (option.kind) {
      case OwnOption::Kind::verb: return set_verb(option.letter, word, arguments);
      case OwnOption::Kind::old_rules:
        fail(word, word.text + " is about earlier rules: write the rules as they are to be instead");
      case OwnOption::Kind::ignored: return;
      case OwnOption::Kind::match: return load_match(word, arguments[0]);
      case OwnOption::Kind::table: command_.table = arguments[0]; return;
      case OwnOption::Kind::part: break;
    }
    if (seen_.find(option.letter) != std::string::npos) fail(word, word.text + " is given twice");
    seen_ += option.letter;
    note_rule_option(word);
    set_rule_part(option.letter, word, arguments, inverted);
  }

  void set_verb(char letter, const Word& word, std::span<const Word> arguments) {
    if (command_.verb != 0) fail(word, word.text + " after " + command_.word.text + ": one command a line");
    command_.verb = letter;
    command_.word = word;
    if (!arguments.empty()) command_.chain = arguments[0];
    if (arguments.size() > 1) command_.detail = arguments[1];
  }

  void set_rule_part(char letter, const Word& word, std::span<const Word> arguments, bool inverted) {
    Rule& rule = command_.rule;
    switch (letter) {
      case 's': command_.sources = addresses(arguments[0], inverted); break;
      case 'd': command_.destinations = addresses(arguments[0], inverted); break;
      case 'p':
        rule.protocol = {.number = read_protocol(arguments[0]), .inverted = inverted};
        if (inverted && rule.protocol.number == protocol::any) fail(word, "'! -p all' holds for no packet");
        break;
      case 'i':
        rule.in_interface = read_interface(arguments[0]);
        rule.in_interface.inverted = inverted;
        command_.in_interface = word;
        break;
      case 'o':
        rule.out_interface = read_interface(arguments[0]);
        rule.out_interface.inverted = inverted;
        command_.out_interface = word;
        break;
      case 'f': rule.fragments = inverted ? FragmentMatch::not_later : FragmentMatch::later_only; break;
      case 'j':
      case 'g': set_target(word, arguments[0], letter == 'g'); break;
    }
  }

  std::vector<AddressMatch> addresses(const Word& word, bool inverted) const {
    auto list = read_addresses(word, version_);
    if (inverted && list.size() > 1) fail(word, "'!' takes a single address, not a list");
    for (auto& address : list) address.inverted = inverted;
    return list;
  }

  void set_target(const Word& word, const Word& name, bool is_goto) {
    if (command_.jump) fail(word, "a rule has one target, " + command_.jump->text + " already");
    command_.jump = name;
    command_.is_goto = is_goto;
    if (const auto* spec = is_goto ? nullptr : find_target(name.text)) {
      command_.target = Given{.spec = spec, .word = name};
    }
  }

  void load_match(const Word& word, const Word& name) {
    note_rule_option(word);
    const auto* spec = find_match(name.text, version_);
    if (!spec) fail(name, "unknown match '" + name.text + "'; the lab reads " + known_matches(version_));
    command_.matches.push_back({.spec = spec, .word = name});
    protocol_match_loaded_ |= spec->name == "tcp" || spec->name == "udp" || spec->name.starts_with("icmp");
  }

  void read_extension(Given& given, const OptionSpec& spec, const Word& word, bool inverted) {
    if (inverted && !spec.invertible) fail(word, word.text + " cannot be inverted");
    if (given.find(spec.name)) fail(word, word.text + " is given twice");
    GivenOption option{.spec = &spec, .word = word, .inverted = inverted};
    for (std::size_t n = 0; n < spec.arguments; ++n)
      option.arguments.push_back(take_argument(word, spec.invertible));
    given.options.push_back(std::move(option));
    note_rule_option(word);
  }

  bool take_bang() {
    if (rest_.front().text != "!") return false;
    take();
    if (!rest_.empty() && rest_.front().text == "!") fail(rest_.front(), "a second '!' in a row");
    return true;
  }

  Word take() {
    if (attached_) return *std::exchange(attached_, {});
    Word word = rest_.front();
    rest_ = rest_.subspan(1);
    return word;
  }

  Word take_argument(const Word& option, bool invertible) {
    if (invertible && !attached_ && !rest_.empty() && rest_.front().text == "!") {
      fail(rest_.front(), "the '!' goes before " + option.text);
    }
    if (attached_ || !rest_.empty()) return take();
    throw InputError(end_, option.text + " needs an argument");
  }

  bool has_optional_argument() const {
    if (attached_) return true;
    return !rest_.empty() && !rest_.front().text.starts_with('-') && rest_.front().text != "!";
  }

  void detach_argument(Word& word) {
    const auto equals = word.text.find('=');
    if (!word.text.starts_with("--") || equals == std::string::npos) return;
    attached_ = Word{word.text.substr(equals + 1), word.at};
    attached_->at.column += static_cast<int>(equals) + 1;
    word.text.resize(equals);
  }

  void note_rule_option(const Word& word) {
    if (!first_rule_option_) first_rule_option_ = word;
  }

  std::span<const Word> rest_;
  Location end_;
  Command command_{};
  std::optional<Word> attached_{};  // the argument in "--dport=53", not taken yet
  IpVersion version_;
  std::optional<Word> first_rule_option_{};
  std::string seen_{};  // letters of own options that may come once
  bool protocol_match_loaded_ = false;
};

}  // namespace

Command read_command(std::span<const Word> words, const Location& end, IpVersion version) {
  return Reader(words, end, version).read();
}

}  // namespace hanglab::kernel
