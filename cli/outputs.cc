#include "cli/outputs.hh"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

#include "analysis/table.hh"
#include "core/error.hh"
#include "records/csv.hh"
#include "records/json.hh"

namespace hanglab::cli {

namespace {

constexpr Duration linger = std::chrono::seconds(2);  // a run's taps are silent before the next begins

}  // namespace

Duration observation_end(const scenario::Scenario& scenario) {
  Duration last{};
  for (const PlannedLookup& lookup : scenario.workload()) last = std::max(last, lookup.at);
  return last + scenario.give_up;
}

Duration run_spacing(const scenario::Scenario& scenario) {
  return std::chrono::ceil<std::chrono::seconds>(observation_end(scenario) + linger);
}

Format parse_format(const std::string& text) {
  if (text == "table") return Format::table;
  if (text == "json") return Format::json;
  if (text == "csv") return Format::csv;
  throw InputError(fmt::format("--format {}: there are table, json and csv", text));
}

Outputs::Outputs(const OutputSettings& settings, const scenario::Scenario& scenario,
                 const records::Provenance& provenance)
    : settings_(settings), run_spacing_(run_spacing(scenario)) {
  if (settings_.captures && !settings_.directory)
    throw InputError("--pcap writes files: say where with --out DIR");
  if (settings_.traces && !settings_.directory && settings_.format != Format::table)
    throw InputError("--strace would mix with the records on standard output: use --out DIR");
  if (settings_.directory) {
    const auto results = claim(records::store_name);
    if (settings_.captures)
      for (const auto& host : scenario.hosts)
        captures_.push_back(std::make_unique<replay::CaptureWriter>(claim(host.name + ".pcap").string()));
    if (settings_.traces) trace_file_ = claim("strace.txt");
    store_.emplace(results, provenance,
                   settings_.replace ? records::IfExists::replace : records::IfExists::refuse);
  }
  if (settings_.format == Format::csv) {
    records::append_csv_header(buffer_);
    print(std::exchange(buffer_, {}));
  }
}

// A file of ours in the directory of --out, which it makes if need be.
std::filesystem::path Outputs::claim(const std::string& name) {
  std::filesystem::create_directories(*settings_.directory);
  auto path = *settings_.directory / name;
  if (!settings_.replace && std::filesystem::exists(path))
    throw InputError(fmt::format("{}: is there already; --force replaces it", path.string()));
  written_.push_back(path);
  return path;
}

void Outputs::print(const std::string& text) const {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    throw Error(fmt::format("standard output: {}", std::strerror(errno)));
}

void Outputs::take(std::uint64_t run, const RunResult& result) {
  if (store_) store_->add(result.lookups);
  for (const Lookup& lookup : result.lookups) {
    if (settings_.format == Format::json) records::append_json(buffer_, lookup);
    if (settings_.format == Format::csv) records::append_csv(buffer_, lookup);
    if (settings_.format == Format::table)
      summary_.add(lookup, settings_.all_names.empty() ? lookup.name : settings_.all_names);
  }
  if (!buffer_.empty()) print(buffer_);
  buffer_.clear();
  if (settings_.captures) write_packets(run, result.packets);
  if (settings_.traces) write_traces(result);
}

void Outputs::write_packets(std::uint64_t run, const std::vector<PacketEvent>& packets) {
  const Duration base = static_cast<std::int64_t>(run) * run_spacing_;
  for (const PacketEvent& packet : packets) captures_[packet.host]->write(packet, base + packet.at);
}

void Outputs::write_traces(const RunResult& result) {
  std::string text;
  for (std::size_t i = 0; i < result.syscalls.size(); ++i) {
    const Lookup& lookup = result.lookups[i];
    text += fmt::format("# run {}, {}: {} of {} by {}\n{}", lookup.run, lookup.host, lookup.call, lookup.name,
                        lookup.client, result.syscalls[i]);
  }
  if (trace_file_.empty()) return print(text);
  std::ofstream out(trace_file_, std::exchange(traces_begun_, true) ? std::ios::app : std::ios::trunc);
  out << text;
  if (!out) throw Error(fmt::format("{}: cannot be written", trace_file_.string()));
}

void Outputs::finish(bool complete) {
  if (store_) store_->close(complete);
  for (auto& capture : captures_) capture->close();
  if (settings_.format == Format::table) print(analysis::table(summary_.rows()));
  if (std::fflush(stdout) != 0) throw Error(fmt::format("standard output: {}", std::strerror(errno)));
}

}  // namespace hanglab::cli
