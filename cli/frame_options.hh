// What `replay` is told of frames on their way to a wire, read and checked.
#pragma once

#include <boost/program_options.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "cli/frame_impairment.hh"
#include "replay/send/pace.hh"
#include "replay/send/rewriter.hh"

namespace hanglab::cli {

struct FrameOptions {
  std::string interface {};
  std::string file{};          // --write
  bool into_scenario = false;  // --frames, with the verb's --into
  bool own_network = false;
  std::vector<std::string> allowed{};
  std::string speed{};
  std::string packet_rate{};
  std::string bit_rate{};
  bool top_speed = false;
  std::uint64_t loops = 1;
  std::vector<std::string> maps{};  // of addresses; the option is the verb's own
  std::vector<std::string> ports{};
  std::string source_mac{};
  std::string destination_mac{};
  bool strip_vlan = false;
  std::uint16_t vlan = 0;
  bool fragment = false;
  bool pad = false;
  bool keep_checksums = false;
  bool only_clients = false;
  std::vector<std::string> rules{};
  std::string loss{};
  std::string delay{};
  std::string jitter{};

  void add_to(boost::program_options::options_description& options);
  bool wanted() const { return !interface.empty() || !file.empty(); }

  // All throw InputError that names the option.
  replay::PaceKind pace() const;
  ImpairmentSettings impairment() const;
  // Without what the interface says: its address, MTU and neighbours.
  replay::RewriteRules rewriting() const;
};

}  // namespace hanglab::cli
