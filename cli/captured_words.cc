#include "cli/captured_words.hh"

#include <fmt/format.h>

#include <utility>

#include "analysis/human.hh"

namespace hanglab::cli {

namespace {

using replay::CapturedEnd;
using replay::CapturedLookup;
using replay::TcpEnd;

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string tcp_words(const CapturedLookup& lookup) {
  switch (lookup.tcp) {
    case TcpEnd::none: return "no TCP to be seen";
    case TcpEnd::unanswered:
      return fmt::format("TCP unanswered ({})", counted(static_cast<std::size_t>(lookup.syns), "SYN"));
    case TcpEnd::refused: return "TCP refused";
    case TcpEnd::silent: return "TCP connected, then silence";
    case TcpEnd::answered: return "TCP answered";
  }
  return {};
}

std::string road(const CapturedLookup& lookup) {
  std::string words;
  if (lookup.truncated)
    words = fmt::format("UDP answer truncated ({} bytes, {} records)", lookup.truncated->bytes,
                        lookup.truncated->answers);
  else if (lookup.udp_queries > 0)
    words = "UDP";
  if (lookup.truncated || lookup.tcp != TcpEnd::none)
    words += (words.empty() ? "" : ", ") + tcp_words(lookup);
  if (lookup.retries > 0)
    words += lookup.retries == 1 ? ", 1 UDP retry" : fmt::format(", {} UDP retries", lookup.retries);
  if (lookup.rounds > 1) words += fmt::format(", {} rounds", lookup.rounds);
  return words;
}

}  // namespace

std::string captured_words(const CapturedLookup& lookup, Duration capture_end) {
  switch (lookup.end) {
    case CapturedEnd::answered: return fmt::format("answered, {} records: {}", lookup.answers, road(lookup));
    case CapturedEnd::failed: return fmt::format("failed ({}): {}", lookup.reason, road(lookup));
    case CapturedEnd::no_end_seen: break;
  }
  const Duration silence = capture_end - lookup.start - lookup.duration;
  return fmt::format("no end seen in the {} that follow: {}", analysis::human(silence), road(lookup));
}

std::string reading_line(const std::string& file, const replay::CaptureSummary& summary,
                         std::size_t lookups) {
  return fmt::format("{}: {} in {}, {} of DNS, {}\n", file, counted(summary.counts.packets, "packet"),
                     analysis::human(summary.last_at - summary.first_at), summary.counts.used,
                     counted(lookups, "lookup"));
}

std::string unused_lines(const replay::CaptureSummary& summary) {
  const auto& counts = summary.counts;
  const auto& selection = summary.selection;
  const auto& unplaced = summary.unplaced;
  const std::pair<std::size_t, const char*> not_used[] = {
      {selection.before + selection.after, "packets outside the span of time"},
      {selection.filtered + selection.not_filterable, "packets that the filter does not match"},
      {counts.cut_short, "packets cut short by the capture"},
      {counts.unreadable, "packets with an unreadable header"},
      {counts.unknown_link_type, "packets of link types that are not known"},
      {counts.not_ip, "packets that are not IP"},
      {counts.fragments, "IP fragments of packets that are not whole"},
      {counts.not_dns, "packets that are not DNS"},
      {counts.copies, "copies of a packet seen on another interface"},
      {unplaced.unreadable_messages, "messages on port 53 that are no DNS message"},
      {unplaced.not_stub_messages, "messages that no stub resolver sends"},
      {unplaced.unmatched_answers, "answers without a query, or after their lookup's end"},
      {unplaced.unmatched_icmp, "ICMP errors about nothing asked"},
      {unplaced.nameless_connections, "TCP connections without a query"},
      {unplaced.streams.unfinished, "TCP streams that end within a message"},
      {unplaced.streams.skipped, "octets of TCP in which no message begins"},
      {unplaced.streams.given_up, "TCP connections given up: too many at once"},
  };
  const std::pair<std::size_t, const char*> used_all_the_same[] = {
      {counts.reassembled, "IP fragments, put together"},
      {counts.used_in_part, "DNS packets without their end"},
      {counts.checksum_left_to_interface, "DNS packets whose checksum was left to the interface"},
      {counts.wrong_checksum, "DNS packets with a wrong checksum"},
      {unplaced.streams.holes, "holes in TCP streams, read over"},
      {unplaced.lookups_given_up, "lookups, ended before their time: too many at once"},
  };
  std::string text;
  for (const auto& [count, what] : not_used)
    if (count > 0) text += fmt::format("  not used: {} {}\n", count, what);
  for (const auto& [count, what] : used_all_the_same)
    if (count > 0) text += fmt::format("  used all the same: {} {}\n", count, what);
  return text;
}

}  // namespace hanglab::cli
