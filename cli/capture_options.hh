// Which packets of a capture are wanted, as the verbs that read one are told.
#pragma once

#include <boost/program_options.hpp>

#include <cstdint>
#include <string>

#include "replay/read/frame_selection.hh"

namespace hanglab::cli {

struct CaptureOptions {
  std::string filter{};
  std::string from{};
  std::string to{};
  std::uint64_t limit = 0;  // of the packets that are selected; 0: none

  void add_to(boost::program_options::options_description& options);
  // Throws InputError that names the option.
  replay::FrameSelectionOptions selection() const;
};

}  // namespace hanglab::cli
