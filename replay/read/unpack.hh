// Compressed octets, unpacked by zlib and libzstd while they are read; files that were packed in pieces and
// joined, too. Both throw Error, with the file's name, at damage and at an end in the midst.
#pragma once

#include <memory>
#include <string>

#include "replay/read/byte_stream.hh"

namespace hanglab::replay {

std::unique_ptr<ByteSource> unpack_gzip(const std::string& name, std::unique_ptr<ByteSource> packed);
std::unique_ptr<ByteSource> unpack_zstd(const std::string& name, std::unique_ptr<ByteSource> packed);

}  // namespace hanglab::replay
