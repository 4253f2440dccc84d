#include "models/netfilter/iptables_hashlimit.hh"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "models/netfilter/iptables_values.hh"

namespace hanglab::kernel {

namespace {

constexpr std::uint32_t any = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t most_burst = 1000000;
constexpr std::size_t longest_name = 254;   // what leaves room for a final zero in NAME_MAX
constexpr std::uint32_t usual_size = 8192;  // chains, on a machine of more than 1 GiB
constexpr std::uint32_t largest_table = 1048576;

struct Rate {
  std::uint64_t average = 0;
  std::uint32_t unit_seconds = 1;
};

// What atoll() reads: "010" is ten, "0x2" is nothing. iptables also takes what follows the digits for
// granted.
std::uint64_t read_decimal(const Word& word, std::uint64_t most, std::string_view unit) {
  std::uint64_t value = 0;
  const char* const end = word.text.data() + word.text.size();
  const auto [stop, error] = std::from_chars(word.text.data(), end, value);
  if (error == std::errc{} && stop == end && value >= 1 && value <= most) return value;
  fail(word,
       "'" + word.text + "' is no number from 1 to " + std::to_string(most) + " a " + std::string(unit));
}

// "5", "5/s", "5/sec", "1/minute": any beginning of a unit's name, upper or lower case.
Rate read_rate(const Word& word) {
  struct Unit {
    std::string_view name;
    std::uint32_t seconds;
  };
  constexpr Unit units[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};

  if (word.text.find("b/s") != std::string::npos) {
    fail(word, "the lab's hashlimit counts packets, not bytes: '" + word.text + '\'');
  }
  const auto parts = split(word, '/');
  const Unit* unit = std::begin(units);
  if (parts.size() > 1) {
    std::string text = parts[1].text;
    for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    unit = std::ranges::find_if(units, [&](const Unit& one) { return one.name.starts_with(text); });
    if (parts.size() > 2 || text.empty() || unit == std::end(units)) {
      fail(parts[1], "'" + word.text + "' is no rate: a number a second, minute, hour or day, as 5/min");
    }
  }
  const auto number = read_decimal(parts[0], HashlimitConfig::scale * unit->seconds, unit->name);
  return {.average = HashlimitConfig::scale * unit->seconds / number, .unit_seconds = unit->seconds};
}

// The credits of a burst are counted in 64 bits; they must fit at every HZ, and 300 makes most of them.
void check_burst(const Word& word, const HashlimitConfig& config) {
  constexpr std::uint64_t most_credits = 164926744;  // of 1/scale s
  if (config.burst > std::numeric_limits<std::uint64_t>::max() / most_credits / config.average) {
    fail(word, "a burst of " + std::to_string(config.burst) +
                   " packets at this rate overflows the kernel's credits");
  }
}

void read_mode(const Word& word, HashlimitConfig& config) {
  for (const Word& list : split(word, '|')) {
    for (const Word& part : split(list, ',')) {
      if (part.text == "srcip") {
        config.by_source = true;
      } else if (part.text == "dstip") {
        config.by_destination = true;
      } else if (part.text == "srcport") {
        config.by_source_port = true;
      } else if (part.text == "dstport") {
        config.by_destination_port = true;
      } else if (!part.text.empty()) {
        fail(part, "no mode '" + part.text + "'; there are srcip, srcport, dstip, dstport");
      }
    }
  }
}

const std::string& read_name(const Word& word) {
  const std::string& name = word.text;
  if (name.empty() || name.size() > longest_name || name == "." || name == ".." ||
      name.find('/') != std::string::npos) {
    fail(word,
         "the name of a hashlimit is a file's in /proc/net/ipt_hashlimit: no '/', up to 254 characters");
  }
  return name;
}

// The one option of --hashlimit-upto and --hashlimit-above.
const GivenOption& the_rate(const Given& given) {
  const auto* upto = given.find("--hashlimit-upto");
  const auto* above = given.find("--hashlimit-above");
  if (upto && above) fail(above->word, "--hashlimit-upto and --hashlimit-above exclude each other");
  if (!upto && !above) fail(given.word, "'hashlimit' needs --hashlimit-upto or --hashlimit-above");
  return upto ? *upto : *above;
}

std::uint32_t number_of(const Given& given, std::string_view name, std::uint32_t otherwise,
                        std::uint32_t least = 0, std::uint32_t most = any) {
  const auto* option = given.find(name);
  return option ? read_number(option->arguments[0], least, most) : otherwise;
}

}  // namespace

std::optional<Match> build_hashlimit(const Given& given, IpVersion version) {
  for (const auto* name : {"--hashlimit-rate-match", "--hashlimit-rate-interval"}) {
    if (const auto* option = given.find(name))
      fail(option->word, "the lab has no model of " + option->word.text);
  }
  const auto& rate_option = the_rate(given);
  const auto* name = given.find("--hashlimit-name");
  if (!name) fail(given.word, "'hashlimit' needs --hashlimit-name");
  HashlimitMatch match{.name = read_name(name->arguments[0])};
  match.above = (rate_option.spec->name == "--hashlimit-above") != rate_option.inverted;

  HashlimitConfig& config = match.config;
  const Rate rate = read_rate(rate_option.arguments[0]);
  config.average = rate.average;
  config.burst = number_of(given, "--hashlimit-burst", 5, 1, most_burst);
  check_burst(rate_option.arguments[0], config);
  if (const auto* mode = given.find("--hashlimit-mode")) read_mode(mode->arguments[0], config);
  const std::uint32_t whole = version == IpVersion::v4 ? 32 : 128;
  config.source_mask = number_of(given, "--hashlimit-srcmask", whole, 0, whole);
  config.destination_mask = number_of(given, "--hashlimit-dstmask", whole, 0, whole);
  config.gc_interval = number_of(given, "--hashlimit-htable-gcinterval", 1000, 1);
  config.expire = number_of(given, "--hashlimit-htable-expire", rate.unit_seconds * 1000, 1);
  const auto given_size = number_of(given, "--hashlimit-htable-size", 0);
  const auto size = given_size == 0 ? usual_size : std::min(given_size, largest_table);
  const auto given_max = std::min(number_of(given, "--hashlimit-htable-max", 0), largest_table);
  config.max = given_max == 0 ? 8 * size : std::max(given_max, size);
  return match;
}

}  // namespace hanglab::kernel
