#include "analysis/attempt_words.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "analysis/human.hh"

namespace hanglab::analysis {

namespace {

using namespace std::string_view_literals;

std::string after_syns(const Attempt& attempt) {
  return fmt::format(" after {} SYN{}", attempt.syns, attempt.syns == 1 ? "" : "s");
}

// What an errno means to a reader of the report.
std::string_view meaning(std::string_view errno_name) {
  constexpr std::array meanings = {
      std::pair{"ECONNREFUSED"sv, "refused"sv},
      std::pair{"ECONNRESET"sv, "reset by the server"sv},
      std::pair{"EHOSTUNREACH"sv, "host unreachable"sv},
      std::pair{"ENETUNREACH"sv, "no route"sv},
      std::pair{"ETIMEDOUT"sv, "timed out"sv},
      std::pair{"EACCES"sv, "administratively prohibited"sv},
  };
  const auto known =
      std::find_if(meanings.begin(), meanings.end(), [&](auto& m) { return m.first == errno_name; });
  return known == meanings.end() ? "failed"sv : known->second;
}

// "connect ECONNREFUSED": a call and how it failed.
std::string failed_call(const Attempt& attempt, std::string_view transport, std::string_view call,
                        std::string_view errno_name) {
  if (errno_name == "EPERM")
    return fmt::format("{} {} refused by the host's own firewall (EPERM)", transport, call);
  if (call == "connect" && errno_name == "ETIMEDOUT" && attempt.syns > 0)
    return fmt::format("{} connect timed out{}", transport, after_syns(attempt));
  const auto syns = call == "connect" && attempt.syns > 1 ? after_syns(attempt) : "";
  return fmt::format("{} {} {}{} ({})", transport, call, meaning(errno_name), syns, errno_name);
}

std::string truncated(const Attempt& attempt, std::string_view transport) {
  if (!attempt.full_bytes) return fmt::format("{} answer truncated ({} bytes)", transport, attempt.bytes);
  return fmt::format("{} answer truncated ({} of {} bytes)", transport, attempt.bytes, *attempt.full_bytes);
}

// The server said nothing that the client could use, and the client went on or still waits.
std::string silence(const Attempt& attempt, Outcome outcome) {
  const bool given_up = attempt.result == "timeout";
  const bool waits = !given_up && outcome == Outcome::hung;
  if (attempt.transport == Transport::udp) return waits ? "no UDP answer yet" : "no UDP answer";
  if (!connected(attempt))
    return fmt::format("TCP connect {}{}", waits ? "still unanswered" : "given up", after_syns(attempt));
  return waits ? "TCP connected, then no data: no timeout applies" : "TCP connected, then no data";
}

}  // namespace

bool connected(const Attempt& attempt) {
  using namespace std::chrono_literals;
  if (attempt.transport != Transport::tcp) return false;
  if (attempt.result.starts_with("connect ") || attempt.result.starts_with("socket ")) return false;
  if (attempt.result != "timeout" && attempt.result != "no answer") return true;
  if (attempt.sends.empty()) return false;
  const auto last = attempt.sends.back();
  const Duration due = attempt.sends.size() == 1 ? Duration(1s) : 2 * (last - attempt.sends.end()[-2]);
  return attempt.end - last > due + due / 8;
}

std::string words(const Attempt& attempt, Outcome outcome) {
  const auto transport = attempt.transport == Transport::udp ? "UDP"sv : "TCP"sv;
  const std::string_view result = attempt.result;
  if (result == "truncated") return truncated(attempt, transport);
  if (result == "answered") return fmt::format("{} answered {} bytes", transport, attempt.bytes);
  if (result == "timeout" || result == "no answer") return silence(attempt, outcome);
  if (result == "EOF") return fmt::format("{} closed by the server without an answer (EOF)", transport);
  if (result == "ICMP error") return fmt::format("{} query refused by an ICMP error", transport);
  if (const auto space = result.find(' '); space != result.npos)
    return failed_call(attempt, transport, result.substr(0, space), result.substr(space + 1));
  return fmt::format("{} answer {}", transport, result);  // an RCODE by its name
}

}  // namespace hanglab::analysis
