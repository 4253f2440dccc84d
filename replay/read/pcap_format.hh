// The records of a pcap file (draft-ietf-opsawg-pcap-04).
#pragma once

#include <memory>

#include "replay/read/frame_reader.hh"

namespace hanglab::replay {

// Takes the file's header from the stream. Nothing if this is another format; throws Damage where it is one
// of pcap's relatives that cannot be read.
std::unique_ptr<FrameFormat> begin_pcap(ByteStream& stream);

}  // namespace hanglab::replay
