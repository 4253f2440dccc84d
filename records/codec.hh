// Lookups and packets as bytes for a pipe between a worker and its parent: the same program on the same
// machine, so numbers stand in the machine's own byte order and the form has no version. Decoding checks
// every length against what is left and throws Error where the bytes are cut short or make no sense.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/lookup.hh"
#include "core/packet_event.hh"

namespace hanglab::records {

std::string encode(std::span<const Lookup> lookups);
std::string encode(std::span<const PacketEvent> packets);

std::vector<Lookup> decode_lookups(std::string_view bytes);
std::vector<PacketEvent> decode_packets(std::string_view bytes);

}  // namespace hanglab::records
