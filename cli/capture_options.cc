#include "cli/capture_options.hh"

#include <fmt/format.h>

#include "core/error.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

namespace {

std::optional<replay::TimeBound> read_bound(const std::string& text, const char* option) {
  if (text.empty()) return {};
  const auto bound = replay::parse_time_bound(text);
  if (!bound)
    throw InputError(fmt::format(
        "{} {}: reads 2s (after the first packet), 1700000000.5 (since 1970) or 2023-11-14T22:13:20Z", option,
        text));
  return bound;
}

}  // namespace

void CaptureOptions::add_to(po::options_description& options) {
  options.add_options()  //
      ("filter", po::value(&filter)->value_name("BPF"),
       "those packets alone that match: 'udp port 53'")  //
      ("from", po::value(&from)->value_name("TIME"),
       "those from this time on: 2s after the first, seconds since 1970, or RFC 3339")  //
      ("to", po::value(&to)->value_name("TIME"), "those before this time")              //
      ("limit", po::value(&limit)->value_name("N"), "the first N of them");
}

replay::FrameSelectionOptions CaptureOptions::selection() const {
  replay::FrameSelectionOptions selection{
      .filter = filter, .from = read_bound(from, "--from"), .to = read_bound(to, "--to")};
  if (limit > 0) selection.limit = limit;
  return selection;
}

}  // namespace hanglab::cli
