// Any octets as a capture file: they end in lookups or in a complaint.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.hh"
#include "replay/capture_lookups.hh"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = memfd_create("capture", 0);
  if (file < 0 || ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size))
    abort();
  try {
    const auto contents = hanglab::replay::read_lookups("/proc/self/fd/" + std::to_string(file));
    const auto& counts = contents.summary.counts;
    const std::size_t told = counts.used + counts.cut_short + counts.unreadable + counts.not_ip +
                             counts.fragments + counts.not_dns + counts.unknown_link_type + counts.copies;
    if (told != counts.packets) abort();  // a packet was swallowed, or counted twice
  } catch (const hanglab::Error&) {
    return 0;
  }
  return 0;
}
