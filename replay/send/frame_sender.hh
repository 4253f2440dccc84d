// Sends frames on an interface at their deadlines: a packet socket without queueing discipline (packet(7),
// PACKET_QDISC_BYPASS), sleeping until shortly before a deadline and then spinning; all that is due already
// goes with one sendmmsg(2), so that a sender that fell behind catches up. Measures how far from its deadline
// each frame was handed to the kernel.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/duration_histogram.hh"
#include "replay/send/frame_block.hh"
#include "replay/send/mac_address.hh"

namespace hanglab::replay {

// An Ethernet interface of this process' network namespace. Throws InputError where there is none of that
// name, where it is of another kind, and where it is down.
struct InterfaceFacts {
  std::string name{};
  int index = 0;
  std::size_t mtu = 0;
  MacAddress address{};
};
InterfaceFacts look_up_interface(const std::string& name);

struct SendReport {
  std::uint64_t frames = 0;
  std::uint64_t octets = 0;
  std::map<std::string, std::uint64_t> failed{};  // by what the kernel said
  Duration took{};                                // from the first frame to the last
  DurationHistogram error{};                      // of the frames that were sent
};

class FrameSender {
 public:
  // Throws Error where the kernel does not let us.
  explicit FrameSender(const InterfaceFacts& interface);
  ~FrameSender();
  FrameSender(const FrameSender&) = delete;
  FrameSender& operator=(const FrameSender&) = delete;

  // Sends a block; the first frame of the first one goes at once and sets the beginning. `go_on` is asked
  // before each wait; false ends the sending.
  void send(const FrameBlock& block, const std::function<bool()>& go_on);

  const SendReport& report() const { return report_; }

 private:
  // Returns how many frames from `first` on were dealt with.
  std::size_t send_batch(const FrameBlock& block, std::size_t first, std::size_t count);
  Duration since_beginning() const;
  bool wait_until(Duration due, const std::function<bool()>& go_on) const;

  int socket_ = -1;
  bool begun_ = false;
  Duration began_{};  // CLOCK_MONOTONIC
  std::vector<iovec> pieces_{};
  std::vector<mmsghdr> messages_{};
  SendReport report_{};
};

}  // namespace hanglab::replay
