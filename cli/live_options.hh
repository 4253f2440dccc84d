// What the verbs share that run a scenario for real: which network carries the frames, which programs are the
// clients, when to give up.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/options.hh"
#include "live/world.hh"
#include "scenario/scenario.hh"

namespace hanglab::cli {

struct LiveOptions {
  std::string network = "auto";
  std::string give_up{};

  void add_to(boost::program_options::options_description& options);
  // The scenario's overrides with these options among them.
  std::vector<std::string> overrides(std::vector<std::string> given) const;
};

// `scenario` as this machine can run it, its links as what carries them: what has to be left out or stands in
// for something else is said in `notes`. Throws Error where no lookup is left.
struct LivePlan {
  scenario::Scenario scenario;
  live::Options options{};
  std::vector<std::string> notes{};
};
LivePlan plan_live(const scenario::Scenario& scenario, const LiveOptions& options, const RunOptions& keep);

// Of the programs that take part: {"kernel", "6.18, 250 Hz"}, {"dnsmasq", "2.90"}.
std::vector<std::pair<std::string, std::string>> versions_of(const LivePlan& plan);

// Whether veth pairs, which carry at once and lose nothing, would do for these links.
bool veth_will_do(const scenario::Scenario& scenario);

}  // namespace hanglab::cli
