#include "replay/wire_attempts.hh"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "core/dns.hh"
#include "replay/wire_event.hh"

namespace hanglab::replay {

namespace {

constexpr Duration afterwards = std::chrono::milliseconds(1);  // the tap's clock and the program's differ

bool asks_for(const DnsMessage& message, std::string_view name) {
  if (!message.question) return false;
  if (name.ends_with('.')) name.remove_suffix(1);
  const std::string_view asked = message.question->name;
  return dns::same_name(asked.substr(0, name.size()), name) &&
         (asked.size() == name.size() || asked[name.size()] == '.');
}

class Reader {
 public:
  explicit Reader(const LookupWindow& window) : window_(window) {}

  void add(const WireEvent& event, bool unsent) {
    if (event.at < window_.began || event.at > window_.ended + afterwards) return;
    if (const auto* message = std::get_if<DnsMessage>(&event.what)) return add(event, *message, unsent);
    if (const auto* signal = std::get_if<TcpSignal>(&event.what)) return add(event, *signal);
    if (const auto* notice = std::get_if<IcmpNotice>(&event.what); notice && !event.to_server)
      decide(event, event.transport == Transport::tcp ? refusal(event, *notice) : "ICMP error");
  }

  // What nothing decided: the program went on to something else, or the lookup ended first.
  std::vector<Attempt> finish() {
    std::vector<Attempt> attempts;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (!open_[i].mine) continue;
      Attempt attempt = std::move(open_[i].attempt);
      const bool kernel_gave_up = window_.syns_at_most > 0 && !open_[i].connected &&
                                  attempt.syns >= window_.syns_at_most && attempt.transport == Transport::tcp;
      if (attempt.result.empty()) {
        const auto later = std::find_if(open_.begin() + static_cast<std::ptrdiff_t>(i) + 1, open_.end(),
                                        [](const Open& next) { return next.mine; });
        attempt.result = kernel_gave_up         ? "connect ETIMEDOUT"
                         : later == open_.end() ? "no answer"
                                                : "timeout";
        attempt.end = later == open_.end() ? window_.ended - window_.began : later->attempt.start;
      }
      attempts.push_back(std::move(attempt));
    }
    return attempts;
  }

 private:
  struct Open {
    std::size_t socket;
    Attempt attempt;
    bool mine = false;
    bool connected = false;
    std::vector<dns::Question> asked{};
  };

  Open* find(const WireEvent& event) {
    const auto it = std::find_if(open_.rbegin(), open_.rend(), [&](const Open& open) {
      return open.socket == event.socket && open.attempt.server == event.server;
    });
    return it == open_.rend() ? nullptr : &*it;
  }

  // A question again, or another name. The second of a pair (A and AAAA) may leave after the first one's
  // answer.
  static bool begins_anew(const Open& open, const dns::Question& question) {
    return std::ranges::find(open.asked, question) != open.asked.end() ||
           !dns::same_name(open.asked.front().name, question.name);
  }

  Open& open(const WireEvent& event) {
    open_.push_back(
        {.socket = event.socket,
         .attempt = {.server = event.server, .transport = event.transport, .start = event.at - window_.began},
         .mine = window_.alone && event.transport == Transport::tcp});
    return open_.back();
  }

  void decide(const WireEvent& event, std::string result) {
    Open* open = find(event);
    if (!open || !open->attempt.result.empty()) return;
    open->attempt.result = std::move(result);
    open->attempt.end = event.at - window_.began;
  }

  static std::string refusal(const WireEvent& event, const IcmpNotice& notice) {
    if (is_ipv6(event.server.address)) {  // net/ipv6/icmp.c, tab_unreach
      switch (notice.code) {
        case 0: return "connect ENETUNREACH";
        case 2:
        case 3: return "connect EHOSTUNREACH";
        case 4: return "connect ECONNREFUSED";
        default: return "connect EACCES";
      }
    }
    const bool refused = notice.code == 2 || notice.code == 3;
    return refused ? "connect ECONNREFUSED" : "connect EHOSTUNREACH";
  }

  void add(const WireEvent& event, const DnsMessage& message, bool unsent) {
    Open* attempt = find(event);
    if (event.to_server) {
      const auto question = message.question.value_or(dns::Question{});
      if (event.transport == Transport::udp && (!attempt || begins_anew(*attempt, question)))
        attempt = &open(event);
      if (!attempt) return;
      attempt->mine = attempt->mine || asks_for(message, window_.name);
      attempt->asked.push_back(question);
      if (event.transport == Transport::tcp) return;
      if (unsent) return decide(event, "send EPERM");
      attempt->attempt.sends.push_back(event.at - window_.began);
      return;
    }
    if (!attempt) return;
    Attempt& answered = attempt->attempt;
    if (answered.bytes == 0) answered.bytes = message.size;
    const auto rcode = message.header.rcode();
    if (message.header.truncated()) answered.result.clear();  // decides over an answer beside it
    decide(event, message.header.truncated() ? "truncated"
                  : rcode == dns::noerror    ? "answered"
                                             : std::string(dns::rcode_name(rcode)));
  }

  void add(const WireEvent& event, TcpSignal signal) {
    if (signal == TcpSignal::syn) {
      Open* attempt = find(event);
      if (!attempt) attempt = &open(event);
      ++attempt->attempt.syns;
      attempt->attempt.sends.push_back(event.at - window_.began);
    }
    if (signal == TcpSignal::syn_ack)
      if (Open* attempt = find(event)) attempt->connected = true;
    if (event.to_server) return;
    if (signal == TcpSignal::rst) {
      const Open* attempt = find(event);
      decide(event, attempt && attempt->connected ? "read ECONNRESET" : "connect ECONNREFUSED");
    }
    if (signal == TcpSignal::fin) decide(event, "EOF");
  }

  const LookupWindow& window_;
  std::vector<Open> open_;
};

}  // namespace

std::vector<Attempt> attempts_on_the_wire(std::span<const CapturedPacket> packets,
                                          std::span<const CapturedPacket> unsent,
                                          const LookupWindow& window) {
  WireReader wire;
  Reader reader(window);
  const auto add = [&](const CapturedPacket& packet, bool is_unsent) {
    for (const WireEvent& event : wire.add(packet)) reader.add(event, is_unsent);
  };
  for (const CapturedPacket& packet : packets) {
    for (; !unsent.empty() && unsent.front().at <= packet.at; unsent = unsent.subspan(1))
      add(unsent.front(), true);
    add(packet, false);
  }
  for (const CapturedPacket& packet : unsent) add(packet, true);
  return reader.finish();
}

}  // namespace hanglab::replay
