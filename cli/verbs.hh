// The verbs of the program: one file each. A verb gets its own words, its name first, and returns the
// exit status; what it cannot use it throws as InputError, what it cannot do as Error.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace hanglab::cli {

using Words = std::vector<std::string>;

struct ExitStatus {
  static constexpr int done = 0;
  static constexpr int failure = 1;
  static constexpr int bad_input = 2;
  static constexpr int interrupted = 130;  // 128 + SIGINT, as shells report it
};

int run(const Words& words);
int live(const Words& words);
int compare(const Words& words);
int atlas(const Words& words);
int inspect(const Words& words);
int replay(const Words& words);
int plot(const Words& words);

struct Verb {
  std::string_view name;
  std::string_view purpose;
  int (*run)(const Words& words);
};

constexpr std::array<Verb, 7> verbs{{
    {"run", "simulate a scenario, any number of times", run},
    {"live", "run scenarios for real, in network namespaces on this machine", live},
    {"compare", "hold the simulation against the real world, or against results of it", compare},
    {"atlas", "every client under every fault, simulated and real, as one table", atlas},
    {"inspect", "tell the lookups of a capture: who hung, for how long, on what", inspect},
    {"replay", "put a capture back: into a scenario, to a real server, onto a wire", replay},
    {"plot", "draw survival curves or one lookup's timeline", plot},
}};

}  // namespace hanglab::cli
