// Reads a capture frame by frame: pcap (micro- and nanoseconds) and pcapng (several interfaces with link
// types and time resolutions of their own, several sections), both in either byte order, from a file or a
// pipe, packed by gzip or zstd. In bounded memory, and with the place of any damage. Sources:
// draft-ietf-opsawg-pcap-04, draft-ietf-opsawg-pcapng-02.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "replay/captured_frame.hh"
#include "replay/read/byte_stream.hh"

namespace hanglab::replay {

// One of the two formats, after its first header.
class FrameFormat {
 public:
  virtual ~FrameFormat() = default;
  // Fills all but the number. Throws Damage.
  virtual bool next(CapturedFrame& frame) = 0;
  // Of all frames, if the format has but one for the whole file.
  virtual std::optional<int> link_type() const { return {}; }
};

class FrameReader {
 public:
  // Throws InputError where it cannot be opened or is no capture.
  explicit FrameReader(const std::string& path);

  // False at the end. Throws Error where the file is damaged: what stands before was given by then.
  bool next(CapturedFrame& frame);

  std::optional<int> link_type() const { return format_->link_type(); }
  std::uint64_t frames() const { return frames_; }  // so far
  const FileProgress& progress() const { return *progress_; }

 private:
  std::string path_;
  std::unique_ptr<FileProgress> progress_ = std::make_unique<FileProgress>();  // where the source finds it
  ByteStream stream_;
  std::unique_ptr<FrameFormat> format_;
  std::uint64_t frames_ = 0;
};

}  // namespace hanglab::replay
