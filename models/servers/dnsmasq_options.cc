#include "models/servers/dnsmasq_options.hh"

#include <fmt/format.h>

#include <optional>
#include <sstream>
#include <utility>

#include "models/servers/dnsmasq_option_table.hh"

namespace hanglab::servers {

namespace {

class CommandLine {
 public:
  CommandLine(DnsmasqOptions& options, std::string_view text, const Location& where)
      : options_(options), where_(where) {
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) words_.push_back(word);
  }

  void parse() {
    while (next_ < words_.size()) {
      const std::string word = words_[next_++];
      if (word == "dnsmasq" && next_ == 1) continue;  // a whole command line is as good as its options
      if (word.starts_with("--"))
        long_option(std::string_view(word).substr(2));
      else if (word.size() > 1 && word[0] == '-')
        letters(std::string_view(word).substr(1));
      else
        refuse(word, "is no option");
    }
  }

 private:
  void long_option(std::string_view word) {
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    const std::string shown = "--" + std::string(name);
    const Option* option = find_option(name);
    if (option == nullptr) refuse(shown, "is not among those that the lab models");
    std::optional<std::string> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    apply(*option, shown, std::move(value));
  }

  // "-hR" is two options; "-c150" and "-c 150" are one with its value.
  void letters(std::string_view word) {
    while (!word.empty()) {
      const std::string shown = std::string("-") + word[0];
      const Option* option = find_option(word[0]);
      if (option == nullptr) refuse(shown, "is not among those that the lab models");
      word.remove_prefix(1);
      // As a letter an optional value becomes a required one, except that -q takes none (OPTSTRING).
      if (option->value == Value::none || option->letter == 'q') {
        apply(*option, shown, {});
        continue;
      }
      std::optional<std::string> value;
      if (!word.empty()) value = word;
      Option lettered = *option;
      lettered.value = Value::required;
      apply(lettered, shown, std::move(value));
      return;
    }
  }

  void apply(const Option& option, const std::string& shown, std::optional<std::string> value) {
    if (option.unknown_to_2_79 && options_.version == DnsmasqVersion::v2_79)
      refuse(shown, "is unknown to dnsmasq 2.79");
    if (option.value == Value::none && value) refuse(shown, "takes no value");
    if (option.value == Value::required && !value) {
      if (next_ == words_.size()) refuse(shown, "lacks its value");
      value = words_[next_++];
    }
    if (option.apply == nullptr) return;
    try {
      option.apply(options_, value.value_or(""));
    } catch (const BadValue& bad) {
      refuse(shown, bad.what(), ": ");
    }
  }

  [[noreturn]] void refuse(const std::string& word, std::string_view why,
                           std::string_view between = " ") const {
    throw InputError(where_, fmt::format("dnsmasq option {}{}{}", word, between, why));
  }

  DnsmasqOptions& options_;
  const Location& where_;
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

}  // namespace

DnsmasqOptions parse_dnsmasq_options(std::string_view version, std::string_view options,
                                     const Location& where) {
  DnsmasqOptions parsed;
  if (version == "2.79") {
    parsed.version = DnsmasqVersion::v2_79;
    parsed.edns_packet_max = 4096;
  } else if (version != "2.90") {
    throw InputError(where, fmt::format("dnsmasq {} is not modelled; 2.79 and 2.90 are", version));
  }
  CommandLine(parsed, options, where).parse();
  if (parsed.version == DnsmasqVersion::v2_79 && !parsed.servers.empty())
    throw InputError(where, "dnsmasq 2.79 that forwards is not modelled; 2.90 is");
  return parsed;
}

}  // namespace hanglab::servers
