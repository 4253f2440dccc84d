// hanglab inspect: the lookups of a capture, and who hung.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "cli/capture_options.hh"
#include "cli/captured_record.hh"
#include "cli/captured_words.hh"
#include "cli/inspect_report.hh"
#include "cli/interrupt.hh"
#include "cli/options.hh"
#include "cli/progress.hh"
#include "cli/verbs.hh"
#include "core/error.hh"
#include "records/store.hh"
#include "replay/capture_lookups.hh"

namespace hanglab::cli {

namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t written_at_once = 64 * 1024;
constexpr std::uint64_t megabyte = 1'000'000;

enum class InspectFormat { text, csv, json };

InspectFormat parse_inspect_format(const std::string& text) {
  if (text == "text") return InspectFormat::text;
  if (text == "csv") return InspectFormat::csv;
  if (text == "json") return InspectFormat::json;
  throw InputError(fmt::format("--format {}: there are text, csv and json", text));
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    throw Error(fmt::format("standard output: {}", std::strerror(errno)));
}

// Takes the lookups to where they are wanted.
class Lines {
 public:
  explicit Lines(InspectFormat format) : format_(format) {
    if (format_ == InspectFormat::csv) append_captured_csv_header(buffer_);
  }

  void add(const replay::CapturedLookup& lookup) {
    if (format_ == InspectFormat::csv) append_captured_csv(buffer_, lookup);
    if (format_ == InspectFormat::json) append_captured_json(buffer_, lookup);
    if (buffer_.size() >= written_at_once) flush();
  }
  void flush() {
    print(buffer_);
    buffer_.clear();
  }

 private:
  InspectFormat format_;
  std::string buffer_;
};

// In the directory of --out, which is made if need be.
class Store {
 public:
  Store(const fs::path& directory, bool replace, const std::string& capture, const Words& words)
      : capture_(capture == "-" ? "standard input" : fs::path(capture).filename().string()),
        writer_(claim(directory, replace),
                {.command_line = command_line(words),
                 .scenario = capture_,
                 .scenario_text = {},
                 .runs = 1,
                 .versions = {{"hanglab", HANGLAB_VERSION}}},
                replace ? records::IfExists::replace : records::IfExists::refuse) {}

  void add(const replay::CapturedLookup& lookup, Duration capture_begin) {
    writer_.add(to_record(lookup, capture_, capture_begin));
  }
  void close(bool complete) { writer_.close(complete); }

 private:
  static fs::path claim(const fs::path& directory, bool replace) {
    fs::create_directories(directory);
    auto path = directory / records::store_name;
    if (!replace && fs::exists(path))
      throw InputError(fmt::format("{}: is there already; --force replaces it", path.string()));
    return path;
  }

  std::string capture_;
  records::ResultsWriter writer_;
};

int status_of(const std::string& capture, const replay::CaptureSummary& summary, std::size_t lookups) {
  if (summary.stopped) {
    fmt::print(stderr, "hanglab: interrupted; what was read until then is told\n");
    return ExitStatus::interrupted;
  }
  if (summary.damage) {
    fmt::print(stderr, "hanglab: {}; what stands before the damage is told\n", *summary.damage);
    return ExitStatus::failure;
  }
  if (lookups > 0) return ExitStatus::done;
  fmt::print(stderr, "hanglab: {}: no DNS lookup in {} packets\n", capture, summary.counts.packets);
  return ExitStatus::failure;
}

}  // namespace

int inspect(const Words& words) {
  std::string capture;
  std::string form = "text";
  std::string directory;
  CaptureOptions chosen;
  Synopsis synopsis{.usage = "inspect CAPTURE [options]",
                    .purpose =
                        "Finds the lookups of each stub client in a capture (pcap or pcapng, plain or packed "
                        "by gzip or zstd; - is\n"
                        "standard input) and says who hung, for how long, on what, and what of the capture "
                        "could not be read.\n"
                        "A lookup without a visible end took longer than the time told with a >."};
  chosen.add_to(synopsis.options);
  synopsis.options.add_options()  //
      ("format", po::value(&form)->value_name("FORM"),
       "on standard output: text, or a line for each lookup as csv or json (text)")                  //
      ("out,o", po::value(&directory)->value_name("DIR"), "keep the records in DIR/results.sqlite")  //
      ("force", "replace what an earlier run left in DIR");
  synopsis.operands.add_options()("capture", po::value(&capture)->required());
  synopsis.order.add("capture", 1);
  const auto values = read_words(synopsis, words);
  if (!values) return ExitStatus::done;
  const InspectFormat format = parse_inspect_format(form);
  const auto selection = chosen.selection();

  catch_interrupts();
  InspectReport report;
  Lines lines(format);
  replay::CaptureReading reading(capture, selection);
  std::optional<Store> store;
  if (!directory.empty()) store.emplace(directory, values->count("force") > 0, capture, words);
  {
    Progress progress("MB", reading.progress().size / megabyte, format != InspectFormat::text);
    reading.run(
        [&](const replay::CapturedLookup& lookup) {
          report.add(lookup);
          lines.add(lookup);
          if (store) store->add(lookup, reading.first_at());
        },
        [&] {
          if (reading.progress().size > 0) progress.reached(reading.progress().taken / megabyte);
          return !interrupted();
        },
        store.has_value());
  }
  const auto summary = reading.summary();
  lines.flush();
  if (format == InspectFormat::text)
    print(report.text(capture, summary));
  else
    fmt::print(stderr, "{}{}", reading_line(capture, summary, report.lookups()), unused_lines(summary));
  if (store) store->close(!summary.stopped && !summary.damage);
  if (std::fflush(stdout) != 0) throw Error(fmt::format("standard output: {}", std::strerror(errno)));
  return status_of(capture, summary, report.lookups());
}

}  // namespace hanglab::cli
