// The lookups of a capture as they are played against a server: by which resolver, from where, when, how
// often.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/frame_options.hh"
#include "cli/server_options.hh"
#include "core/workload.hh"
#include "replay/captured_workload.hh"
#include "replay/send/pace.hh"
#include "sockets/lookup_player.hh"

namespace hanglab::cli {

class Programme {
 public:
  // Throws InputError for clients that cannot have an address of their own, if they are to have one.
  Programme(std::vector<replay::CapturedLookup> lookups, const std::string& software,
            const ServerOptions& server, const FrameOptions& pace);

  // In the order of their times; nothing after the last.
  std::optional<sockets::DueLookup> next();

  std::uint64_t size() const { return runs_ * workload_.size(); }
  std::size_t names() const;
  const std::vector<replay::CapturedLookup>& captured() const { return lookups_; }
  // Of what next() gave, as lookups count through all runs.
  std::size_t index_of(std::uint64_t run, const PlannedLookup* plan) const;

 private:
  void give_addresses(const ServerOptions& server);

  std::vector<replay::CapturedLookup> lookups_;
  Workload workload_;
  std::vector<IpAddress> sources_;  // of each lookup; empty: the kernel's choice
  std::uint64_t runs_;
  replay::Pace pace_;
  std::uint64_t run_ = 0;
  std::size_t index_ = 0;
  Duration run_began_{};
};

}  // namespace hanglab::cli
