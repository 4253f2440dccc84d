#include "replay/packet_comparison.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>

#include "replay/wire_event.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t steps_around = 3;

std::string to_text(TcpSignal signal) {
  switch (signal) {
    case TcpSignal::syn: return "SYN";
    case TcpSignal::syn_ack: return "SYN+ACK";
    case TcpSignal::fin: return "FIN";
    case TcpSignal::rst: return "RST";
  }
  return "?";
}

std::string to_text(const DnsMessage& message) {
  const auto& header = message.header;
  std::string question = "without question";
  if (message.question) {
    std::string name = message.question->name;
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    question = fmt::format("{} {}", dns::type_name(message.question->type), name.empty() ? "." : name);
  }
  return fmt::format("{} {}, flags 0x{:04x}, {}/{}/{}/{}, {} bytes", header.response() ? "answer" : "query",
                     question, header.flags, header.questions, header.answers, header.authorities,
                     header.additionals, message.size);
}

std::string to_text(const UnreadableMessage&) { return "unreadable message"; }
std::string to_text(const IcmpNotice& notice) { return to_string(notice); }
std::string to_text(const Segment&) { return {}; }

bool is_late_answer(const WireEvent& event) {
  const auto* notice = std::get_if<IcmpNotice>(&event.what);
  return notice != nullptr && notice->port_unreachable() && event.to_server &&
         event.transport == Transport::udp;
}

using Lane = std::tuple<Transport, std::size_t, bool>;  // one socket, one direction
using Lanes = std::map<Lane, std::vector<std::size_t>>;

Lanes lanes_of(const Exchange& exchange) {
  Lanes lanes;
  for (std::size_t i = 0; i < exchange.steps.size(); ++i) {
    const auto& step = exchange.steps[i];
    lanes[{step.transport, step.socket, step.to_server}].push_back(i);
  }
  return lanes;
}

std::string to_text(const Step& step) {
  return fmt::format("{} {}#{} {}", step.to_server ? "->" : "<-", to_string(step.transport), step.socket,
                     step.what);
}

// What one socket said and heard.
struct Story {
  std::size_t socket;
  Duration begun;
  Transport transport;
  std::array<std::vector<std::string>, 2> told{};  // by the server, by the client

  bool same_as(const Story& other) const { return transport == other.transport && told == other.told; }
};

std::vector<Story> stories_of(const Exchange& exchange) {
  std::vector<Story> stories;
  for (const Step& step : exchange.steps) {
    auto story = std::ranges::find(stories, step.socket, &Story::socket);
    if (story == stories.end())
      story = stories.insert(story, {.socket = step.socket, .begun = step.at, .transport = step.transport});
    story->told[step.to_server ? 1 : 0].push_back(step.what);
  }
  return stories;
}

// Gives each socket of the simulation the number of its like in reality: the next one there, or one that was
// opened less than `race` after the next.
Exchange numbered_as(const Exchange& real, Exchange simulated, Duration race) {
  std::vector<Story> left = stories_of(real);
  std::map<std::size_t, std::size_t> numbers;
  for (const Story& story : stories_of(simulated)) {
    if (left.empty()) break;
    auto like = std::ranges::find_if(left, [&](const Story& other) { return story.same_as(other); });
    if (like == left.end() || like->begun - left.front().begun >= race) like = left.begin();
    numbers[story.socket] = like->socket;
    left.erase(like);
  }
  for (Step& step : simulated.steps)
    if (const auto number = numbers.find(step.socket); number != numbers.end()) step.socket = number->second;
  return simulated;
}

// The steps around a position; the one that matters is marked, unless it is missing.
std::string around(const Exchange& exchange, std::size_t position, bool marked) {
  const auto& steps = exchange.steps;
  const std::size_t from = position < steps_around ? 0 : position - steps_around;
  const std::size_t to = std::min(position + steps_around + 1, steps.size());
  std::string text;
  for (std::size_t i = from; i < to; ++i)
    text += fmt::format("  {} {:3} {:+.6f} s {}\n", marked && i == position ? '>' : ' ', i + 1,
                        to_seconds(steps[i].at - steps.front().at), to_text(steps[i]));
  return text.empty() ? "  (nothing)\n" : text;
}

// A side that lacks the step is shown where the other side has it.
std::string describe(const std::string& problem, const Exchange& real, std::size_t in_real,
                     const Exchange& simulated, std::size_t in_simulated) {
  const bool real_has_it = in_real < real.steps.size();
  const bool simulated_has_it = in_simulated < simulated.steps.size();
  return fmt::format("{}\nreal:\n{}simulated:\n{}", problem,
                     around(real, real_has_it ? in_real : in_simulated, real_has_it),
                     around(simulated, simulated_has_it ? in_simulated : in_real, simulated_has_it));
}

// Where two lanes part: positions in the exchanges, the exchange's end where a lane ran out.
struct Parting {
  std::size_t real;
  std::size_t simulated;
};

// `pairs` maps each simulated step to its real one.
std::optional<Parting> pair_lanes(const Exchange& real, const Exchange& simulated,
                                  std::vector<std::size_t>& pairs) {
  const auto real_lanes = lanes_of(real);
  const auto simulated_lanes = lanes_of(simulated);
  std::optional<Parting> first;
  const auto position = [&](const Parting& parting) {
    if (parting.real == real.steps.size()) return parting.simulated;
    if (parting.simulated == simulated.steps.size()) return parting.real;
    return std::min(parting.real, parting.simulated);
  };
  const auto part = [&](const Parting& parting) {
    if (!first || position(parting) < position(*first)) first = parting;
  };
  const std::vector<std::size_t> nothing;
  const auto find = [&nothing](const Lanes& lanes, const Lane& lane) -> const std::vector<std::size_t>& {
    const auto found = lanes.find(lane);
    return found == lanes.end() ? nothing : found->second;
  };
  const auto walk = [&](const std::vector<std::size_t>& ours, const std::vector<std::size_t>& theirs) {
    for (std::size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
      const std::size_t r = i < ours.size() ? ours[i] : real.steps.size();
      const std::size_t s = i < theirs.size() ? theirs[i] : simulated.steps.size();
      if (i >= ours.size() || i >= theirs.size() || !real.steps[r].same_as(simulated.steps[s]))
        return part({r, s});
      pairs[s] = r;
    }
  };
  for (const auto& [lane, steps] : real_lanes) walk(steps, find(simulated_lanes, lane));
  for (const auto& [lane, steps] : simulated_lanes)
    if (!real_lanes.contains(lane)) walk(nothing, steps);
  return first;
}

}  // namespace

bool Step::same_as(const Step& other) const {
  return to_server == other.to_server && transport == other.transport && socket == other.socket &&
         what == other.what;
}

Exchange reduce(std::span<const CapturedPacket> packets) {
  Exchange exchange;
  WireReader wire;
  std::map<std::size_t, std::size_t> sockets;
  for (const auto& packet : packets) {
    for (const auto& event : wire.add(packet)) {
      if (is_late_answer(event)) {
        ++exchange.late_answers;
        continue;
      }
      const std::size_t socket = sockets.try_emplace(event.socket, sockets.size() + 1).first->second;
      auto what = std::visit([](const auto& happened) { return to_text(happened); }, event.what);
      if (what.empty()) continue;
      exchange.steps.push_back({.at = event.at,
                                .to_server = event.to_server,
                                .transport = event.transport,
                                .socket = socket,
                                .what = std::move(what)});
    }
  }
  return exchange;
}

PacketComparison compare(const Exchange& real, const Exchange& as_simulated, Duration race) {
  const Exchange simulated = numbered_as(real, as_simulated, race);
  PacketComparison comparison{.steps = real.steps.size(),
                              .late_answers_real = real.late_answers,
                              .late_answers_simulated = simulated.late_answers};
  std::vector<std::size_t> pairs(simulated.steps.size());
  if (const auto parting = pair_lanes(real, simulated, pairs)) {
    const char* problem = parting->real == real.steps.size() ? "the simulation has a step too many"
                          : parting->simulated == simulated.steps.size() ? "the simulation lacks a step"
                                                                         : "a step differs";
    comparison.difference = describe(problem, real, parting->real, simulated, parting->simulated);
    comparison.agreed = std::min(parting->real, parting->simulated);
    return comparison;
  }

  // A step that comes after one it precedes in reality has changed places with it. If the latest such
  // one is close in time, all between them are.
  std::size_t latest = 0;
  for (std::size_t s = 0; s < pairs.size(); ++s) {
    if (s == 0 || pairs[s] > pairs[latest]) {
      latest = s;
      continue;
    }
    ++comparison.reordered;
    const auto apart = real.steps[pairs[latest]].at - real.steps[pairs[s]].at;
    if (apart < race) continue;
    comparison.difference =
        describe(fmt::format("steps {} and {} of the real capture changed places, {:.3f} s apart",
                             pairs[s] + 1, pairs[latest] + 1, to_seconds(apart)),
                 real, pairs[s], simulated, s);
    comparison.agreed = std::min(pairs[s], s);
    return comparison;
  }
  comparison.equal = true;
  comparison.agreed = comparison.steps;
  return comparison;
}

PacketComparison compare_packets(std::span<const CapturedPacket> real,
                                 std::span<const CapturedPacket> simulated) {
  return compare(reduce(real), reduce(simulated));
}

}  // namespace hanglab::replay
