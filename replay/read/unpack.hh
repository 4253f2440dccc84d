// Compressed octets, unpacked by zlib and libzstd while they are read; files that were packed in pieces and
// joined, too. Both throw Damage at damage and at an end in the midst, after all that could be unpacked
// before.
#pragma once

#include <memory>

#include "replay/read/byte_stream.hh"

namespace hanglab::replay {

std::unique_ptr<ByteSource> unpack_gzip(std::unique_ptr<ByteSource> packed);
std::unique_ptr<ByteSource> unpack_zstd(std::unique_ptr<ByteSource> packed);

}  // namespace hanglab::replay
