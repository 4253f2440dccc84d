// Input that flows only once, kept on disk so that open_bytes() gives it from its beginning as often as it is
// opened: standard input, a named pipe, a shell's /dev/fd/63.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace hanglab::replay {

// Reads a pipe or a device to its end into a file in $TMPDIR, else in /tmp, that has no name and is gone with
// this process. Of standard input that is a file, only where it stands is remembered; any other file can be
// opened again anyway. Throws Error where there is no room. To be called before anyone opens `path`, and not
// beside threads that open captures.
void keep_for_rereading(const std::string& path);

struct KeptInput {
  int descriptor = -1;  // for pread(2); open as long as the process lives
  off_t begin = 0;
};
std::optional<KeptInput> kept_input(const std::string& path);

}  // namespace hanglab::replay
