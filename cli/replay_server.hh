// `replay` against a real server: the lookups of a capture, issued at their times on real sockets.
#pragma once

#include <string>

#include "cli/frame_options.hh"
#include "cli/outputs.hh"
#include "cli/server_options.hh"
#include "replay/read/frame_selection.hh"

namespace hanglab::cli {

struct ServerReplay {
  std::string capture;
  ServerOptions server;
  replay::FrameSelectionOptions selection;
  FrameOptions pace;  // and how often
  OutputSettings output;
  std::optional<std::uint64_t> seed{};  // else from getrandom(2)
  std::string command_line;
};

// Returns the exit status.
int replay_to_server(const ServerReplay& replay);

}  // namespace hanglab::cli
