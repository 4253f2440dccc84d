// `replay --into SCENARIO --frames`: what the clients of a capture sent, put onto the interfaces of the
// scenario's hosts, and answered by the simulated servers through the simulated links and firewalls.
#pragma once

#include <boost/program_options.hpp>

#include <string>

#include "cli/frame_options.hh"
#include "cli/simulation_options.hh"
#include "replay/read/frame_selection.hh"

namespace hanglab::cli {

// --map ADDRESS=HOST names the host whose address the recorded one becomes. Returns the exit status.
int inject_frames(const Words& words, const std::string& capture,
                  const replay::FrameSelectionOptions& selection, const std::string& into,
                  const FrameOptions& frames, const SimulationOptions& options,
                  const boost::program_options::variables_map& values);

}  // namespace hanglab::cli
