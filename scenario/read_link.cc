#include <fmt/format.h>

#include "scenario/readers.hh"
#include "scenario/units.hh"

namespace hanglab::scenario {

namespace {

constexpr std::int64_t most_packets = 1'000'000'000;

Bursts read_bursts(const Value& value) {
  Bursts bursts;
  const Value& enter = *value.find("enter");
  const Value& leave = *value.find("leave");
  bursts.enter = read_share(enter.text, enter.where);
  bursts.leave = read_share(leave.text, leave.where);
  if (bursts.leave <= 0) throw InputError(leave.where, "a burst that nothing ends would be no burst");
  if (const Value* loss = value.find("loss")) bursts.loss = read_share(loss->text, loss->where);
  return bursts;
}

// "3", "5-7" or "every 10"
PacketNumbers read_packet_numbers(const Value& value) {
  constexpr std::string_view every = "every ";
  const std::string_view text = value.text;
  const auto number = [&](std::string_view digits) {
    return static_cast<std::uint64_t>(read_whole(digits, 1, most_packets, value.where));
  };
  if (text.starts_with(every)) {
    const auto step = number(text.substr(every.size()));
    return {.first = step, .step = step};
  }
  if (text.empty() || text.front() < '0' || text.front() > '9')
    throw InputError(value.where, fmt::format("'{}' is no packet: wanted as 3, 5-7 or every 10", text));
  const auto dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(text.substr(dash + 1));
  if (last < first)
    throw InputError(value.where, fmt::format("'{}' ends before it begins; packets count from 1", text));
  return {.first = first, .last = last};
}

std::vector<PacketNumbers> read_lost_packets(const Value* value) {
  if (!value) return {};
  if (value->kind == Value::Kind::text) return {read_packet_numbers(*value)};
  std::vector<PacketNumbers> all;
  for (const Value& item : value->items) all.push_back(read_packet_numbers(item));
  return all;
}

Outage read_outage(const Value& value) {
  const Value& at = *value.find("at");
  const Value& length = *value.find("for");
  const Outage outage{.at = read_duration(at.text, at.where),
                      .length = read_duration(length.text, length.where)};
  if (outage.length == Duration{}) throw InputError(length.where, "an outage must last some time");
  return outage;
}

}  // namespace

Link read_link(const Value& value) {
  Link link;
  if (const Value* delay = value.find("delay")) link.delay = read_duration(delay->text, delay->where);
  if (const Value* jitter = value.find("jitter")) {
    link.jitter = read_duration(jitter->text, jitter->where);
    if (link.jitter > link.delay)
      throw InputError(jitter->where, "a jitter above the delay: packets would arrive before they are sent");
  }
  if (const Value* rate = value.find("rate")) link.rate_bps = read_rate(rate->text, rate->where);
  if (const Value* loss = value.find("loss")) link.loss = read_share(loss->text, loss->where);
  if (const Value* bursts = value.find("bursts")) link.bursts = read_bursts(*bursts);
  if (const Value* lose = value.find("lose")) {
    link.lose_a = read_lost_packets(lose->find("from"));
    link.lose_b = read_lost_packets(lose->find("to"));
  }
  if (const Value* down = value.find("down"))
    for (const Value& outage : down->items) link.outages.push_back(read_outage(outage));
  return link;
}

}  // namespace hanglab::scenario
