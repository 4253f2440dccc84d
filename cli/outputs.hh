// Where the lookups of a verb go: the records on standard output in the form that was asked for, the
// directory of --out with its SQLite file, captures and traces, and the table at the end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/summary.hh"
#include "records/store.hh"
#include "replay/capture_writer.hh"
#include "scenario/scenario.hh"
#include "sim/world.hh"

namespace hanglab::cli {

enum class Format { table, json, csv };
Format parse_format(const std::string& text);

struct OutputSettings {
  Format format = Format::table;
  std::optional<std::filesystem::path> directory{};
  bool replace = false;  // an earlier run's files
  bool captures = false;
  bool traces = false;
  std::string all_names{};  // where there are too many for a row each: what the table calls them together
};

// When the last lookup of a run that still waits is given up, since the run began.
Duration observation_end(const scenario::Scenario& scenario);
// Between the beginnings of two runs in one capture.
Duration run_spacing(const scenario::Scenario& scenario);

class Outputs {
 public:
  Outputs(const OutputSettings& settings, const scenario::Scenario& scenario,
          const records::Provenance& provenance);

  void take(std::uint64_t run, const RunResult& result);
  // Ends the files, prints the table; `complete`: every planned run was taken.
  void finish(bool complete);

  const std::vector<std::filesystem::path>& written() const { return written_; }

 private:
  std::filesystem::path claim(const std::string& name);
  void write_packets(std::uint64_t run, const std::vector<PacketEvent>& packets);
  void write_traces(const RunResult& result);
  void print(const std::string& text) const;

  OutputSettings settings_;
  Duration run_spacing_{};
  std::optional<records::ResultsWriter> store_;
  std::vector<std::unique_ptr<replay::CaptureWriter>> captures_;  // by host
  std::filesystem::path trace_file_;
  bool traces_begun_ = false;
  analysis::Summarizer summary_;
  std::string buffer_;
  std::vector<std::filesystem::path> written_;
};

}  // namespace hanglab::cli
