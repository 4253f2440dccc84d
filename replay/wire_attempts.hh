// What a client tried, read off the packets of its host: the attempts of one lookup, as far as packets can
// tell. Whether silence ended by a timeout of the program's or of the kernel's is told from what came after
// and from how many SYNs the kernel sends.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/lookup.hh"
#include "replay/captured_packet.hh"

namespace hanglab::replay {

struct LookupWindow {
  std::string name;  // asked for, alone or with a search domain behind it
  Duration began{};  // on the packets' time line
  Duration ended{};
  bool alone = true;     // no other lookup of this host runs meanwhile: nameless connections are its own
  int syns_at_most = 0;  // after so many unanswered SYNs connect() fails with ETIMEDOUT; 0: not known
};

// `packets` are what a tap saw; `unsent`, what the host's own rules kept from it.
std::vector<Attempt> attempts_on_the_wire(std::span<const CapturedPacket> packets,
                                          std::span<const CapturedPacket> unsent, const LookupWindow& window);

}  // namespace hanglab::replay
