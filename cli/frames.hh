// Frames on a pipe between a worker process and its parent: a 64-bit size in the machine's byte order, then
// that many bytes.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace hanglab::cli {

bool write_all(int fd, std::string_view bytes);  // false: nobody reads any more
bool write_frame(int fd, std::string_view bytes);

// Throws Error where the worker ended before the frame did.
std::string read_frame(std::FILE* from);
// The next frame of bytes that were all read; moves past it.
std::string_view take_frame(std::string_view& bytes);

}  // namespace hanglab::cli
