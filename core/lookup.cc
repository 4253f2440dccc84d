#include "core/lookup.hh"

namespace hanglab {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::answered: return "answered";
    case Outcome::failed: return "failed";
    case Outcome::hung: return "hung";
  }
  return "?";
}

std::string_view to_string(Transport transport) { return transport == Transport::udp ? "udp" : "tcp"; }

std::optional<Outcome> parse_outcome(std::string_view text) {
  for (const auto outcome : {Outcome::answered, Outcome::failed, Outcome::hung})
    if (text == to_string(outcome)) return outcome;
  return {};
}

std::optional<Transport> parse_transport(std::string_view text) {
  for (const auto transport : {Transport::udp, Transport::tcp})
    if (text == to_string(transport)) return transport;
  return {};
}

}  // namespace hanglab
