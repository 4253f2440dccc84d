#include "replay/captured_lookup.hh"

namespace hanglab::replay {

std::string_view to_string(CapturedEnd end) {
  switch (end) {
    case CapturedEnd::answered: return "answered";
    case CapturedEnd::failed: return "failed";
    case CapturedEnd::no_end_seen: return "no end seen";
  }
  return "?";
}

std::string_view to_string(TcpEnd end) {
  switch (end) {
    case TcpEnd::none: return "none";
    case TcpEnd::unanswered: return "unanswered";
    case TcpEnd::refused: return "refused";
    case TcpEnd::silent: return "silent";
    case TcpEnd::answered: return "answered";
  }
  return "?";
}

}  // namespace hanglab::replay
