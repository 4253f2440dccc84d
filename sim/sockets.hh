// Datagram and stream sockets of a simulated Linux host, below the system calls: ports, queues,
// pending errors. Whoever owns a socket is told when something changed and looks for itself.
#pragma once

#include <ns3/event-id.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/address.hh"
#include "models/linux/tcp_socket.hh"

namespace hanglab::sim {

class Host;
class TcpConnection;

// Whoever holds a socket and waits on it.
class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  virtual void socket_changed() = 0;
  virtual void syn_sent(const void* socket) = 0;
};

struct Datagram {
  Endpoint from;
  Endpoint to;
  std::vector<std::uint8_t> payload;
};

class UdpSocket {
 public:
  UdpSocket(Host& host, SocketOwner& owner, bool dont_fragment);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  int bind(Endpoint local);    // errno, 0: done; an address of 0 stands for all of the host's
  int bind_any();              // to a free port, once
  int connect(Endpoint peer);  // errno: ENETUNREACH without a route
  void disconnect() { peer_.reset(); }
  int send(std::span<const std::uint8_t> payload,
           std::optional<Endpoint> to = {});  // else to the peer; errno
  int send_to(const IpAddress& source, Endpoint to, std::span<const std::uint8_t> payload);

  void receive(Datagram datagram);
  void set_recverr() { recverr_ = true; }
  void let_fragment() { dont_fragment_ = false; }
  void icmp_error(Endpoint about, int error, bool final);

  bool readable() const { return !queue_.empty(); }
  std::optional<Datagram> next();
  std::size_t next_size() const { return queue_.empty() ? 0 : queue_.front().payload.size(); }
  int error() const { return error_; }
  int take_error();
  const std::optional<Endpoint>& peer() const { return peer_; }
  Endpoint local() const { return local_; }

 private:
  Host& host_;
  SocketOwner& owner_;
  bool dont_fragment_;
  bool recverr_ = false;
  Endpoint local_{};  // its address once connected
  Endpoint bound_{};  // as the host knows it
  std::optional<Endpoint> peer_;
  std::deque<Datagram> queue_;
  int error_ = 0;
};

class TcpListener {
 public:
  virtual ~TcpListener() = default;
  // The handshake is done. The listener owns the connection from here on.
  virtual void accepted(std::shared_ptr<TcpConnection> connection) = 0;
};

// A kernel::TcpSocket on the simulated network: its segments go out, its timer runs.
class TcpConnection final : public kernel::SegmentSink, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(Host& host, SocketOwner* owner, const kernel::TcpSocket::Identity& identity);
  ~TcpConnection() override;
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  kernel::TcpSocket& socket() { return socket_; }
  void set_owner(SocketOwner* owner) { owner_ = owner; }
  void set_listener(TcpListener* listener) { listener_ = listener; }  // told once, when connected
  void hold_lock_until(TimePoint at) { locked_until_ = at; }

  void request_cookie();  // of Fast Open, before connect()

  // After anything was done to the socket: puts its timer right and tells the owner.
  void settle();
  void receive(const kernel::TcpSegment& segment);
  void icmp_error(int error);
  bool transmit(const kernel::TcpSegment& segment) override;
  void timed_out() override;

 private:
  void expire();

  Host& host_;
  SocketOwner* owner_;
  TcpListener* listener_ = nullptr;
  kernel::TcpSocket socket_;
  ns3::EventId timer_;
  std::optional<TimePoint> timer_at_;
  TimePoint locked_until_ = TimePoint::min();
  std::uint32_t flow_label_ = 0;  // of IPv6
};

}  // namespace hanglab::sim
