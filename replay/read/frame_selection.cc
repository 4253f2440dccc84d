#include "replay/read/frame_selection.hh"

#include <pcap/pcap.h>

#include <utility>

#include "core/error.hh"
#include "replay/link_layer.hh"

namespace hanglab::replay {

namespace {

constexpr int longest_frame = 262144;

// libpcap compiles for DLT_ numbers, which differ from those in files for raw IP alone.
int dlt_of(int link_type) {
  return link_type == link_raw_in_file || link_type == link_raw_openbsd ? int{link_raw} : link_type;
}

}  // namespace

void FrameSelection::Free::operator()(bpf_program* program) const {
  pcap_freecode(program);
  delete program;
}

FrameSelection::FrameSelection(FrameSelectionOptions options) : options_(std::move(options)) {
  if (options_.filter.empty()) return;
  // A filter may have a meaning for one link type only, as "ifindex 3" for cooked headers.
  std::string problem;
  std::string first_problem;
  for (const int link_type : {link_ethernet, link_linux_sll2, link_linux_sll, link_raw, link_pppoe}) {
    if (compile(link_type, problem)) return;
    if (first_problem.empty()) first_problem = problem;
  }
  throw InputError("filter \"" + options_.filter + "\": " + first_problem);
}

bool FrameSelection::wants(const CapturedFrame& frame) {
  if (!first_at_) first_at_ = frame.at;
  const auto left_out = [](std::uint64_t& why) {
    ++why;
    return false;
  };
  if (options_.from && frame.at < since_1970(*options_.from)) return left_out(counts_.before);
  if (options_.to && frame.at >= since_1970(*options_.to)) return left_out(counts_.after);
  if (!options_.filter.empty()) {
    const auto& program = program_for(frame.link_type);
    if (!program) return left_out(counts_.not_filterable);
    const pcap_pkthdr header{.ts = {},
                             .caplen = static_cast<bpf_u_int32>(frame.bytes.size()),
                             .len = static_cast<bpf_u_int32>(frame.size)};
    if (pcap_offline_filter(program.get(), &header, frame.bytes.data()) == 0)
      return left_out(counts_.filtered);
  }
  if (done()) return left_out(counts_.beyond_limit);
  ++counts_.selected;
  return true;
}

FrameSelection::Program FrameSelection::compile(int link_type, std::string& problem) const {
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(
      pcap_open_dead(dlt_of(link_type), longest_frame), &pcap_close);
  auto code = std::make_unique<bpf_program>();
  if (pcap_compile(handle.get(), code.get(), options_.filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    problem = pcap_geterr(handle.get());
    return nullptr;
  }
  return Program(code.release());
}

const FrameSelection::Program& FrameSelection::program_for(int link_type) {
  const auto known = programs_.find(link_type);
  if (known != programs_.end()) return known->second;
  std::string problem;
  return programs_.emplace(link_type, compile(link_type, problem)).first->second;
}

Duration FrameSelection::since_1970(const TimeBound& bound) const {
  return bound.after_first_packet ? *first_at_ + bound.at : bound.at;
}

}  // namespace hanglab::replay
