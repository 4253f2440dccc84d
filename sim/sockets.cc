#include "sim/sockets.hh"

#include <cerrno>

#include "models/linux/ipv4_header.hh"
#include "sim/host.hh"

namespace hanglab::sim {

namespace {

constexpr std::size_t udp_header_size = 8;

Bytes udp_message(Endpoint from, Endpoint to, ByteView payload) {
  const std::size_t size = udp_header_size + payload.size();
  const auto high = [](std::size_t value) { return static_cast<std::uint8_t>(value >> 8); };
  const auto low = [](std::size_t value) { return static_cast<std::uint8_t>(value); };
  Bytes message;
  message.reserve(size);
  for (const std::size_t field : {std::size_t{from.port}, std::size_t{to.port}, size, std::size_t{0}}) {
    message.push_back(high(field));
    message.push_back(low(field));
  }
  message.insert(message.end(), payload.begin(), payload.end());
  std::uint16_t checksum =
      kernel::transport_checksum(message, from.address, to.address, kernel::protocol_udp);
  if (checksum == 0) checksum = 0xffff;  // 0 would say: none (RFC 768)
  message[6] = high(checksum);
  message[7] = low(checksum);
  return message;
}

}  // namespace

// --- datagrams

UdpSocket::UdpSocket(Host& host, SocketOwner& owner, bool dont_fragment)
    : host_(host), owner_(owner), dont_fragment_(dont_fragment) {}

UdpSocket::~UdpSocket() {
  if (bound_.port != 0) host_.unbind(*this, bound_);
}

int UdpSocket::bind(Endpoint local) {
  if (!host_.bind(*this, local)) return EADDRINUSE;
  bound_ = local_ = local;
  return 0;
}

int UdpSocket::bind_any() {
  if (bound_.port != 0) return 0;
  const IpAddress address = local_.address;
  for (int tries = 0; tries < 64; ++tries) {
    if (bind({{}, host_.random_port()}) != 0) continue;
    local_.address = address;
    return 0;
  }
  return EAGAIN;
}

int UdpSocket::connect(Endpoint peer) {
  const auto source = host_.source_for(peer.address);
  if (!source) return ENETUNREACH;
  local_.address = *source;
  peer_ = peer;
  return bind_any();
}

int UdpSocket::send(std::span<const std::uint8_t> payload, std::optional<Endpoint> to) {
  if (error_ != 0) return take_error();
  if (!to) to = peer_;
  if (!to) return EDESTADDRREQ;
  const auto source = to == peer_ ? local_.address : host_.source_for(to->address);
  if (!source) return ENETUNREACH;
  if (const int error = bind_any(); error != 0) return error;
  return send_to(*source, *to, payload);
}

int UdpSocket::send_to(const IpAddress& source, Endpoint to, std::span<const std::uint8_t> payload) {
  return host_.send({.protocol = kernel::protocol_udp,
                     .source = source,
                     .destination = to.address,
                     .dont_fragment = dont_fragment_},
                    udp_message({source, local_.port}, to, payload));
}

void UdpSocket::receive(Datagram datagram) {
  queue_.push_back(std::move(datagram));
  owner_.socket_changed();
}

// As __udp4_lib_err decides whom an error concerns (net/ipv4/udp.c).
void UdpSocket::icmp_error(Endpoint about, int error, bool final) {
  if (peer_ && *peer_ != about) return;
  if (!recverr_ && (!peer_ || !final)) return;
  error_ = error;
  owner_.socket_changed();
}

std::optional<Datagram> UdpSocket::next() {
  if (queue_.empty()) return {};
  Datagram datagram = std::move(queue_.front());
  queue_.pop_front();
  return datagram;
}

int UdpSocket::take_error() {
  const int error = error_;
  error_ = 0;
  return error;
}

// --- streams

TcpConnection::TcpConnection(Host& host, SocketOwner* owner, const kernel::TcpSocket::Identity& identity)
    : host_(host),
      owner_(owner),
      socket_(host.tcp_settings(identity.remote.address), host.ticks(), identity, *this),
      flow_label_(is_ipv6(identity.remote.address) ? host.random_flow_label() : 0) {}

TcpConnection::~TcpConnection() { timer_.Cancel(); }

bool TcpConnection::transmit(const kernel::TcpSegment& segment) {
  const auto& identity = socket_.identity();
  if (segment.syn && !segment.ack && owner_) owner_->syn_sent(this);
  const IpAddress& source = identity.local.address;
  const IpAddress& destination = identity.remote.address;
  return host_.send({.protocol = kernel::protocol_tcp,
                     .source = source,
                     .destination = destination,
                     .flow_label = flow_label_},
                    kernel::encode(segment, source, destination)) == 0;
}

// sk_rethink_txhash()
void TcpConnection::timed_out() {
  if (is_ipv6(socket_.identity().remote.address)) flow_label_ = host_.random_flow_label();
}

void TcpConnection::settle() {
  const auto deadline = socket_.deadline();
  if (deadline != timer_at_) {
    timer_.Cancel();
    timer_at_ = deadline;
    if (deadline)
      timer_ = ns3::Simulator::Schedule(host_.clock().until(*deadline), &TcpConnection::expire, this);
  }
  const auto alive = shared_from_this();
  if (listener_ && socket_.connected()) std::exchange(listener_, nullptr)->accepted(alive);
  if (owner_) owner_->socket_changed();
  if (socket_.state() == kernel::TcpState::closed) host_.forget(*this);
}

void TcpConnection::expire() {
  timer_at_.reset();
  socket_.expire(host_.clock().now());
  settle();
}

void TcpConnection::request_cookie() {
  if (host_.fast_open()) socket_.request_cookie(host_.cookie_request(socket_.identity().remote.address));
}

void TcpConnection::receive(const kernel::TcpSegment& segment) {
  const bool connecting = !socket_.connected();
  socket_.receive(host_.clock().now(), segment);
  if (const auto refused = socket_.refused_cookie(); connecting && refused)
    host_.cookie_refused(socket_.identity().remote.address, *refused);
  settle();
}

void TcpConnection::icmp_error(int error) {
  const TimePoint now = host_.clock().now();
  socket_.icmp_error(now, error, now < locked_until_);
  settle();
}

}  // namespace hanglab::sim
