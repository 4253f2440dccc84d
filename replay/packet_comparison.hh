// Whether two captures show the same exchange: a real one and its simulation. Both are reduced to
// steps that a program's behaviour decides: SYN, SYN+ACK, FIN, RST, whole DNS messages (flags,
// question, counts, size) and ICMP errors, each with direction, transport and client socket. Ports,
// DNS ids, segment sizes, acknowledgments, times and the order of addresses are left out; so is
// traffic that is not DNS.
//
// Order: the steps of one socket in one direction must agree exactly. Steps of different sockets or
// directions may change places where the real capture shows them less than a `race` apart: there the
// real order is an accident of scheduling. So is, for sockets that were opened less than that apart, which
// of them was first: they are told apart by what they say and hear. For the same reason an ICMP port
// unreachable with which a client meets an answer to a socket that it has closed is counted, but not
// compared.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/lookup.hh"
#include "core/time.hh"
#include "replay/captured_packet.hh"

namespace hanglab::replay {

constexpr Duration usual_race = std::chrono::milliseconds(10);  // on a machine that has nothing else to do

struct Step {
  Duration at{};  // since 1970; not compared
  bool to_server = true;
  Transport transport = Transport::udp;
  std::size_t socket = 1;  // of a client, numbered as they appear
  std::string what;        // "SYN"; "query A me.mydomain.net, flags 0x0100, 1/0/0/0, 33 bytes"; "ICMP 3/1"

  bool same_as(const Step& other) const;
};

struct Exchange {
  std::vector<Step> steps;
  std::size_t late_answers = 0;  // met by a port unreachable from the client
};

Exchange reduce(std::span<const CapturedPacket> packets);

struct PacketComparison {
  bool equal = false;
  std::size_t steps = 0;      // of the real exchange
  std::size_t agreed = 0;     // of them, before the first difference
  std::size_t reordered = 0;  // steps that came after one that they precede in the real exchange
  std::size_t late_answers_real = 0;
  std::size_t late_answers_simulated = 0;
  std::string difference{};  // the first one, with the steps around it on both sides; empty when equal
};

PacketComparison compare(const Exchange& real, const Exchange& simulated, Duration race = usual_race);
PacketComparison compare_packets(std::span<const CapturedPacket> real,
                                 std::span<const CapturedPacket> simulated);

}  // namespace hanglab::replay
