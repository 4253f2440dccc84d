#include "cli/replay_table.hh"

#include <fmt/format.h>

#include <vector>

#include "analysis/explain.hh"
#include "analysis/human.hh"

namespace hanglab::cli {

namespace {

using replay::CapturedEnd;
using replay::CapturedLookup;
using replay::TcpEnd;

std::string tcp_words(const CapturedLookup& lookup) {
  switch (lookup.tcp) {
    case TcpEnd::none: return lookup.truncated ? ", no TCP to be seen" : "";
    case TcpEnd::unanswered: return fmt::format(", TCP unanswered ({} SYNs)", lookup.syns);
    case TcpEnd::refused: return ", TCP refused";
    case TcpEnd::silent: return ", TCP connected, then silence";
    case TcpEnd::answered: return ", TCP answered";
  }
  return {};
}

std::string captured_words(const CapturedLookup& lookup) {
  std::string words;
  if (lookup.truncated)
    words = fmt::format("UDP answer truncated ({} bytes, {} records)", lookup.truncated->bytes,
                        lookup.truncated->answers);
  else
    words = "UDP";
  words += tcp_words(lookup);
  if (lookup.retries > 0) words += fmt::format(", {} UDP retries", lookup.retries);
  if (lookup.rounds > 1) words += fmt::format(", {} rounds", lookup.rounds);
  switch (lookup.end) {
    case CapturedEnd::answered: return fmt::format("answered, {} records: {}", lookup.answers, words);
    case CapturedEnd::failed: return fmt::format("failed ({}): {}", lookup.reason, words);
    case CapturedEnd::no_end_seen: return fmt::format("no end seen: {}", words);
  }
  return words;
}

std::string replayed_words(const Lookup& lookup) {
  std::string outcome(to_string(lookup.outcome));
  if (lookup.outcome == Outcome::answered) outcome += fmt::format(", {} addresses", lookup.addresses);
  if (lookup.outcome == Outcome::failed) outcome += fmt::format(" ({})", lookup.error);
  return fmt::format("{}: {}", outcome, analysis::explain(lookup));
}

std::string duration_words(Duration duration, bool censored) {
  return (censored ? "> " : "") + analysis::human(duration);
}

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::string capture_report(const std::string& file, const replay::CaptureContents& contents) {
  const auto& counts = contents.counts;
  const auto& unplaced = contents.found.unplaced;
  std::string text = fmt::format("{}: {}, {} of DNS, {}\n", file, counted(counts.packets, "packet"),
                                 counts.used, counted(contents.found.lookups.size(), "lookup"));
  const std::pair<std::size_t, const char*> kinds[] = {
      {counts.cut_short, "packets cut short by the capture"},
      {counts.unreadable, "packets with an unreadable header"},
      {counts.unknown_link_type, "packets of link types that are not known"},
      {counts.not_ip, "packets that are not IP"},
      {counts.ipv6, "IPv6 packets"},
      {counts.fragments, "IP fragments"},
      {counts.not_dns, "packets that are not DNS"},
      {counts.copies, "copies of a packet seen on another interface"},
      {counts.used_in_part, "DNS packets without their end"},
      {unplaced.unreadable_messages, "messages on port 53 that are no DNS message"},
      {unplaced.not_stub_messages, "messages that no stub resolver sends"},
      {unplaced.unmatched_answers, "answers without a query"},
      {unplaced.unmatched_icmp, "ICMP errors about nothing asked"},
      {unplaced.nameless_connections, "TCP connections without a query"},
      {unplaced.unfinished_streams, "TCP streams that end within a message"},
  };
  for (const auto& [count, what] : kinds)
    if (count > 0) text += fmt::format("  not used: {} {}\n", count, what);
  std::size_t others = 0;
  for (const auto& lookup : contents.found.lookups)
    if (!replay::can_be_replayed(lookup)) ++others;
  if (others > 0) text += fmt::format("  not replayed: {} lookups of other types than A and AAAA\n", others);
  return text;
}

std::string replay_table(std::span<const CapturedLookup> captured, std::span<const Lookup> replayed) {
  std::string text;
  for (std::size_t i = 0; i < captured.size(); ++i) {
    const CapturedLookup& before = captured[i];
    const Lookup& after = replayed[i];
    text += fmt::format("{} asks for {}\n", to_string(before.client), before.name);
    text += fmt::format("  captured  {:>10}  {}\n", duration_words(before.duration, before.censored()),
                        captured_words(before));
    text += fmt::format("  replayed  {:>10}  {} as {}, {}\n", duration_words(after.duration, after.censored),
                        after.host, after.client, replayed_words(after));
  }
  return text;
}

}  // namespace hanglab::cli
