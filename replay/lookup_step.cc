#include "replay/lookup_step.hh"

namespace hanglab::replay {

std::string to_string(const TryEnd& end) {
  switch (end.kind) {
    case TryEnd::Kind::reset: return "RST";
    case TryEnd::Kind::icmp: return to_string(end.icmp);
    case TryEnd::Kind::closed_by_client: return "closed unanswered";
    case TryEnd::Kind::closed_by_server: return "closed by the server";
  }
  return "?";
}

}  // namespace hanglab::replay
