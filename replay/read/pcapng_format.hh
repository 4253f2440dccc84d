// The blocks of a pcapng file (draft-ietf-opsawg-pcapng-02): section headers, interfaces, enhanced, simple
// and the obsolete packet blocks. Others are passed over.
#pragma once

#include <memory>

#include "replay/read/frame_reader.hh"

namespace hanglab::replay {

// Nothing if this is another format.
std::unique_ptr<FrameFormat> begin_pcapng(ByteStream& stream);

}  // namespace hanglab::replay
