#include "sim/real_time_links.hh"

#include <fmt/format.h>
#include <ns3/global-value.h>
#include <ns3/packet.h>
#include <ns3/realtime-simulator-impl.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "core/error.hh"
#include "sim/time.hh"
#include "sim/wire.hh"
#include "sim/world.hh"

namespace hanglab::sim {

namespace {

constexpr std::size_t address_size = 6;
constexpr std::size_t header_size = 14;
constexpr std::size_t largest_frame = 65'536 + header_size;

using Frame = std::vector<std::uint8_t>;

ns3::Mac48Address address_at(const Frame& frame, std::size_t at) {
  ns3::Mac48Address address;
  address.CopyFrom(frame.data() + at);
  return address;
}

// An end of a link: a TAP device on one side, a wire's end on the other.
class Port {
 public:
  Port(int tap, std::uint16_t mtu, CarryReport& report, std::vector<Duration>& late)
      : tap_(tap), report_(report), late_(late), node_(ns3::CreateObject<ns3::Node>()) {
    device_->SetAddress(ns3::Mac48Address::Allocate());
    device_->SetMtu(mtu);
    node_->AddDevice(device_);
    device_->SetPromiscReceiveCallback(ns3::MakeCallback(&Port::deliver, this));
  }

  int tap() const { return tap_; }
  std::uint32_t context() const { return node_->GetId(); }
  const ns3::Ptr<WireDevice>& device() const { return device_; }

  // In the simulator's thread.
  void send(const Frame& frame) {
    ++report_.frames;
    if (frame.size() < header_size) return;
    const auto protocol = static_cast<std::uint16_t>(frame[12] << 8 | frame[13]);
    auto packet = ns3::Create<ns3::Packet>(frame.data() + header_size,
                                           static_cast<std::uint32_t>(frame.size() - header_size));
    device_->SendFrom(packet, address_at(frame, address_size), address_at(frame, 0), protocol);
  }

 private:
  bool deliver(ns3::Ptr<ns3::NetDevice>, ns3::Ptr<const ns3::Packet> packet, std::uint16_t protocol,
               const ns3::Address& source, const ns3::Address& destination, ns3::NetDevice::PacketType) {
    Frame frame(header_size + packet->GetSize());
    ns3::Mac48Address::ConvertFrom(destination).CopyTo(frame.data());
    ns3::Mac48Address::ConvertFrom(source).CopyTo(frame.data() + address_size);
    frame[12] = static_cast<std::uint8_t>(protocol >> 8);
    frame[13] = static_cast<std::uint8_t>(protocol);
    packet->CopyData(frame.data() + header_size, packet->GetSize());
    if (write(tap_, frame.data(), frame.size()) < 0) ++report_.refused;
    // The event's time is when the frame should arrive; the clock says when it does.
    late_.push_back(from_ns3(simulator().RealtimeNow() - ns3::Simulator::Now()));
    return true;
  }

  static ns3::RealtimeSimulatorImpl& simulator() {
    return *ns3::DynamicCast<ns3::RealtimeSimulatorImpl>(ns3::Simulator::GetImplementation());
  }

  int tap_;
  CarryReport& report_;
  std::vector<Duration>& late_;
  ns3::Ptr<ns3::Node> node_;
  ns3::Ptr<WireDevice> device_ = ns3::CreateObject<WireDevice>();
};

// Reads every device and hands the frames over, until `control` reads as closed; a byte from it begins the
// run. A thread of its own: the simulator's sleeps until its next event.
void read_frames(const std::vector<std::unique_ptr<Port>>& ports, int control,
                 const std::function<void()>& begin_run) {
  std::vector<pollfd> fds{{.fd = control, .events = POLLIN, .revents = 0}};
  for (const auto& port : ports) fds.push_back({.fd = port->tap(), .events = POLLIN, .revents = 0});
  Frame buffer(largest_frame);
  for (;;) {
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
      throw Error(fmt::format("poll: {}", std::strerror(errno)));
    if (fds[0].revents != 0) {
      if (char byte = 0; read(control, &byte, 1) < 1) return;
      ns3::Simulator::ScheduleWithContext(ns3::Simulator::NO_CONTEXT, ns3::Time(0), begin_run);
    }
    for (std::size_t i = 1; i < fds.size(); ++i) {
      if (fds[i].revents == 0) continue;
      const ssize_t size = read(fds[i].fd, buffer.data(), buffer.size());
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (size < 0) throw Error(fmt::format("TAP device: {}", std::strerror(errno)));
      Port* port = ports[i - 1].get();
      Frame frame(buffer.begin(), buffer.begin() + size);
      ns3::Simulator::ScheduleWithContext(port->context(), ns3::Time(0),
                                          [port, frame = std::move(frame)] { port->send(frame); });
    }
  }
}

Duration at_share(const std::vector<Duration>& sorted, double share) {
  return sorted.empty() ? Duration(0)
                        : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

CarryReport carry_frames(std::span<const TapLink> links, std::uint64_t seed, std::uint64_t run, int control) {
  ns3::GlobalValue::Bind("SimulatorImplementationType", ns3::StringValue("ns3::RealtimeSimulatorImpl"));
  CarryReport report;
  std::vector<Duration> late;
  std::vector<std::unique_ptr<Port>> ports;
  for (const TapLink& link : links) {
    auto& a = *ports.emplace_back(std::make_unique<Port>(link.a, link.link->a.mtu, report, late));
    auto& b = *ports.emplace_back(std::make_unique<Port>(link.b, link.link->b.mtu, report, late));
    WireDevice::connect(a.device(), b.device(), *link.link);
  }
  const auto begin_run = [&ports, seed, run] {
    for (const auto& port : ports) port->device()->begin_run(seed, run);
  };

  std::exception_ptr failure;
  std::thread reader([&] {
    try {
      read_frames(ports, control, begin_run);
    } catch (...) {
      failure = std::current_exception();
    }
    ns3::Simulator::ScheduleWithContext(ns3::Simulator::NO_CONTEXT, ns3::Time(0), &ns3::Simulator::Stop);
  });
  ns3::Simulator::Run();
  reader.join();
  ports.clear();
  ns3::Simulator::Destroy();
  if (failure) std::rethrow_exception(failure);

  std::ranges::sort(late);
  report.lost = report.frames - late.size();
  report.late_median = at_share(late, 0.5);
  report.late_p99 = at_share(late, 0.99);
  report.late_max = at_share(late, 1);
  return report;
}

std::string describe(const CarryReport& report) {
  const auto ms = [](Duration time) { return to_seconds(time) * 1000; };
  std::string text = fmt::format("ns-3.{} in real time: {} frames, {} lost", ns3_version().substr(2),
                                 report.frames, report.lost);
  if (report.refused > 0) text += fmt::format(", {} refused by their device", report.refused);
  if (report.frames > report.lost)
    text += fmt::format("; they came {:.3f} ms late in the median, p99 {:.3f} ms, at most {:.3f} ms",
                        ms(report.late_median), ms(report.late_p99), ms(report.late_max));
  return text;
}

}  // namespace hanglab::sim
