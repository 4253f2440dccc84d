#include "replay/read/frame_reader.hh"

#include <fmt/format.h>

#include "core/error.hh"
#include "replay/read/block_bytes.hh"
#include "replay/read/pcap_format.hh"
#include "replay/read/pcapng_format.hh"

namespace hanglab::replay {

FrameReader::FrameReader(const std::string& path) : path_(path), stream_(open_bytes(path, *progress_)) {
  try {
    format_ = begin_pcap(stream_);
    if (!format_) format_ = begin_pcapng(stream_);
  } catch (const Damage& damage) {
    throw InputError({.file = path}, damage.what);
  }
  if (!format_)
    throw InputError({.file = path},
                     stream_.peek(1).empty() ? "is empty" : "is neither a pcap nor a pcapng file");
}

bool FrameReader::next(CapturedFrame& frame) {
  try {
    if (!format_->next(frame)) return false;
  } catch (const Damage& damage) {
    throw Error(fmt::format("{}: damaged at byte {}, after packet {}: {}", path_, stream_.offset(), frames_,
                            damage.what));
  }
  frame.number = ++frames_;
  return true;
}

}  // namespace hanglab::replay
