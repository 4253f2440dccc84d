#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <exception>

#include "cli/verbs.hh"
#include "core/error.hh"

namespace {

using hanglab::cli::ExitStatus;
using hanglab::cli::verbs;

void print_usage(std::FILE* to) {
  fmt::print(to,
             "Usage: hanglab VERB …\n\nHow long programs hang when DNS goes wrong, simulated to match real "
             "hosts.\n\n");
  for (const auto& verb : verbs) fmt::print(to, "  {:<8} {}\n", verb.name, verb.purpose);
  fmt::print(to, "\n`hanglab VERB --help` explains a verb, `man hanglab` all of them.\n");
}

int run_verb(int argc, char** argv) {
  if (argc < 2) {
    print_usage(stderr);
    return ExitStatus::bad_input;
  }
  const std::string_view name = argv[1];
  if (name == "--help" || name == "-h" || name == "help") {
    print_usage(stdout);
    return ExitStatus::done;
  }
  if (name == "--version") {
    fmt::print("hanglab {}\n", HANGLAB_VERSION);
    return ExitStatus::done;
  }
  for (const auto& verb : verbs)
    if (verb.name == name) return verb.run({argv + 1, argv + argc});
  throw hanglab::InputError(fmt::format("no verb '{}'; `hanglab --help` lists them", name));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_verb(argc, argv);
  } catch (const hanglab::InputError& error) {
    fmt::print(stderr, "hanglab: {}\n", error.what());
    return ExitStatus::bad_input;
  } catch (const std::exception& error) {
    fmt::print(stderr, "hanglab: {}\n", error.what());
    return ExitStatus::failure;
  }
}
