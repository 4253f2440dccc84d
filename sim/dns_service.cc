#include "sim/dns_service.hh"

#include <algorithm>
#include <cmath>

#include "core/big_endian.hh"

namespace hanglab::sim {

namespace {

constexpr std::uint16_t dns_port = 53;

std::vector<posix::SyscallObserver*> no_observers() { return {}; }

Duration exponential(Duration mean, Random& random) {
  const double times = -std::log1p(-random.uniform());
  return Duration(static_cast<Duration::rep>(times * static_cast<double>(mean.count())));
}

}  // namespace

// One TCP connection: reads messages, answers them in order, closes when the client has.
class DnsService::Connection final : public SocketOwner {
 public:
  Connection(DnsService& service, std::shared_ptr<TcpConnection> connection, Duration ready_in)
      : service_(service), connection_(std::move(connection)), session_(service.server_.accept()) {
    connection_->set_owner(this);
    const Duration lifetime = service_.server_.tcp().lifetime;
    event_ = ns3::Simulator::Schedule(to_ns3(ready_in), &Connection::work, this);
    busy_ = true;
    if (lifetime > Duration(0))
      lifetime_ = ns3::Simulator::Schedule(to_ns3(ready_in + lifetime), &Connection::finish, this);
    begin_idle_timer(ready_in);
  }

  ~Connection() override {
    cancel_events();
    tasks_.clear();
    connection_->set_owner(nullptr);
  }

  bool ended() const { return ended_; }

  void socket_changed() override {
    if (busy_ || ended_) return;
    auto& socket = connection_->socket();
    if (socket.readable() == 0 && !socket.end_of_file() && socket.state() != kernel::TcpState::closed) return;
    busy_ = true;
    event_ = ns3::Simulator::ScheduleNow(&Connection::work, this);
  }

  void syn_sent(const void*) override {}

 private:
  void cancel_events() {
    event_.Cancel();
    lifetime_.Cancel();
    idle_.Cancel();
    for (auto& event : delayed_) event.Cancel();
  }

  void begin_idle_timer(Duration from_in) {
    const Duration first = service_.server_.tcp().first_octet_within;
    if (first == Duration(0)) return restart_idle_timer(from_in);
    idle_ = ns3::Simulator::Schedule(to_ns3(from_in + first), &Connection::finish, this);
  }

  void restart_idle_timer(Duration from_in = {}) {
    idle_.Cancel();
    if (const auto timeout = session_->idle_timeout(service_.host_.clock().now()))
      idle_ = ns3::Simulator::Schedule(to_ns3(from_in + *timeout), &Connection::finish, this);
  }

  void work() {
    busy_ = true;
    if (const Duration wait = service_.busy_for(); wait > Duration(0)) {
      event_ = ns3::Simulator::Schedule(to_ns3(wait), &Connection::work, this);
      return;
    }
    busy_ = false;
    auto& socket = connection_->socket();
    const auto refusal = service_.server_.tcp().refusal;
    if (refusal == servers::TcpRefusal::close_at_once) return finish();
    if (refusal == servers::TcpRefusal::reset && socket.readable() > 0) return finish();
    Bytes chunk(std::min(socket.readable(), octets_to_read()));
    socket.read(service_.host_.clock().now(), chunk);
    input_.insert(input_.end(), chunk.begin(), chunk.end());
    if (!chunk.empty() && service_.server_.tcp().any_octet_counts) restart_idle_timer();
    if (input_.size() >= 2) {
      const std::size_t size = message_size();
      if (input_.size() >= 2 + size) return begin_answer(size);
      if (!chunk.empty() && socket.readable() > 0) return work();
    }
    if (socket.end_of_file() || socket.state() == kernel::TcpState::closed) finish();
  }

  std::size_t message_size() const { return get_u16(input_); }

  // At once; for a server that leaves the next message unread no more than the rest of this one.
  std::size_t octets_to_read() const {
    if (!service_.server_.tcp().leaves_next_unread) return connection_->socket().readable();
    return (input_.size() < 2 ? 2 : 2 + message_size()) - input_.size();
  }

  void begin_answer(std::size_t size) {
    const ByteView query = ByteView(input_).subspan(2, size);
    answer_ = session_->answer(query, service_.host_.clock().now());
    service_.occupy(answer_.service_time);
    Bytes open(answer_.open ? query.begin() : query.end(), query.end());
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(2 + size));
    busy_ = true;
    event_ = ns3::Simulator::Schedule(to_ns3(answer_.service_time), [this, open = std::move(open)] {
      if (open.empty()) return send_answer();
      tasks_.push_back(forward(open));
      tasks_.back().start();
      if (service_.server_.tcp().answers_as_they_come) work();
    });
  }

  posix::Task<bool> forward(Bytes query) {
    if (!process_)
      process_ = std::make_unique<Process>(service_.host_, Random(service_.random_.next()), no_observers());
    auto answer = co_await session_->forward(*process_, std::move(query));
    if (service_.server_.tcp().answers_as_they_come) {
      delayed_.push_back(ns3::Simulator::ScheduleNow([this, answer = std::move(answer)] { send(answer); }));
    } else {
      answer_ = std::move(answer);
      event_ = ns3::Simulator::ScheduleNow(&Connection::send_answer, this);
    }
    co_return true;
  }

  void send_answer() {
    busy_ = false;
    if (answer_.delay > Duration(0)) {
      delayed_.push_back(ns3::Simulator::Schedule(to_ns3(answer_.delay),
                                                  [this, answer = std::move(answer_)] { send(answer); }));
      return work();
    }
    send(answer_);
    if (!ended_) work();
  }

  void send(const servers::Answer& answer) {
    if (!answer.message.empty()) {
      connection_->socket().write(service_.host_.clock().now(),
                                  answer.raw ? answer.message : dns::framed(answer.message));
      connection_->settle();
      restart_idle_timer();
    }
    if (answer.close) finish();
  }

  void finish() {
    if (ended_) return;
    ended_ = true;
    cancel_events();
    connection_->set_owner(nullptr);
    if (service_.server_.tcp().leaves_next_unread) {
      connection_->socket().shutdown(service_.host_.clock().now());
      connection_->settle();
    }
    connection_->socket().close(service_.host_.clock().now());
    connection_->settle();
    tasks_.clear();
    if (process_) process_->exit();
    ns3::Simulator::ScheduleNow(&DnsService::connection_ended, &service_);
  }

  DnsService& service_;
  std::shared_ptr<TcpConnection> connection_;
  std::unique_ptr<servers::TcpSession> session_;
  std::unique_ptr<Process> process_;      // of a server that forwards, once it does
  std::vector<posix::Task<bool>> tasks_;  // the questions that were sent on
  Bytes input_;
  servers::Answer answer_;
  bool busy_ = false;
  bool ended_ = false;
  ns3::EventId event_;
  ns3::EventId lifetime_;
  ns3::EventId idle_;
  std::vector<ns3::EventId> delayed_;  // answers that wait to be sent
};

DnsService::DnsService(Host& host, servers::DnsServer& server, std::vector<IpAddress> listen,
                       TruncationNote note)
    : host_(host), server_(server), listen_(std::move(listen)), note_(std::move(note)) {}

DnsService::~DnsService() { end_run(); }

void DnsService::begin_run(Random random) {
  server_.restart(random);
  random_ = Random(random.next());
  const std::vector<IpAddress> every_address{Ipv4Address{}};
  for (const IpAddress& address : listen_.empty() ? every_address : listen_) {
    udp_.push_back(std::make_unique<UdpSocket>(host_, *this, false));
    udp_.back()->bind({address, dns_port});
    host_.listen({address, dns_port}, *this);
  }
  working_ = false;
  free_at_ = {};
  if (!server_.forwards()) return;
  process_ = std::make_unique<Process>(host_, Random(random_.next()), no_observers());
  forwarding_ = server_.forwarding(
      *process_, [this](const servers::Client& client, const Bytes& message) { send(client, message); });
}

void DnsService::end_run() {
  event_.Cancel();
  for (auto& event : delayed_) event.Cancel();
  delayed_.clear();
  task_.reset();
  connections_.clear();  // some wait for what was forwarded
  forwarding_.reset();
  process_.reset();
  waiting_.clear();
  udp_.clear();
}

Duration DnsService::busy_for() const {
  if (server_.tcp().process_per_connection) return {};
  return std::max(free_at_ - host_.clock().now(), Duration(0));
}

void DnsService::occupy(Duration work) {
  if (!server_.tcp().process_per_connection) free_at_ = host_.clock().now() + work;
}

UdpSocket* DnsService::next_readable() const {
  const auto it = std::ranges::find_if(udp_, [](const auto& socket) { return socket->readable(); });
  return it == udp_.end() ? nullptr : it->get();
}

void DnsService::socket_changed() {
  if (working_ || !next_readable()) return;
  working_ = true;
  const Duration wait = std::max(free_at_ - host_.clock().now(), Duration(0));
  event_ = ns3::Simulator::Schedule(to_ns3(wait), &DnsService::serve_next, this);
}

// One question at a time: the next is read when the answer to this one has left. A service time counts
// from the query's arrival at an idle server, its waking included.
void DnsService::serve_next() {
  UdpSocket* socket = next_readable();
  if (!socket) {
    working_ = false;
    return;
  }
  if (const Duration wait = busy_for(); wait > Duration(0)) {
    event_ = ns3::Simulator::Schedule(to_ns3(wait), &DnsService::serve_next, this);
    return;
  }
  const auto query = socket->next();
  auto answer = server_.answer(query->payload, host_.clock().now());
  const Duration work = answer.service_time;
  occupy(work);
  if (answer.open) {
    task_.emplace(forward(query->payload, {.from = query->from, .to = query->to.address}));
    event_ = ns3::Simulator::Schedule(to_ns3(work), [this] { task_->start(); });
    return;
  }
  event_ = ns3::Simulator::Schedule(to_ns3(work), [this, socket, to = query->from, from = query->to,
                                                   answer = std::move(answer)] {
    const auto reply = [this, socket, to, from](const servers::Answer& made) {
      if (made.message.empty()) return;
      if (made.full_size > made.message.size()) note_(to, get_u16(made.message), made.full_size);
      socket->send_to(from.address, to, made.message);
    };
    if (answer.delay > Duration(0))
      delayed_.push_back(ns3::Simulator::Schedule(to_ns3(answer.delay), [reply, answer] { reply(answer); }));
    else
      reply(answer);
    serve_next();
  });
}

posix::Task<bool> DnsService::forward(Bytes query, servers::Client client) {
  co_await forwarding_->forward(std::move(query), client);
  event_ = ns3::Simulator::ScheduleNow(&DnsService::serve_next, this);
  co_return true;
}

void DnsService::send(const servers::Client& client, const Bytes& message) {
  const auto asked = [&](const auto& socket) {
    const IpAddress local = socket->local().address;
    return local == IpAddress{} || local == client.to;
  };
  const auto socket = std::ranges::find_if(udp_, asked);
  if (socket != udp_.end()) (*socket)->send_to(client.to, client.from, message);
}

void DnsService::accepted(std::shared_ptr<TcpConnection> connection) {
  const int most = server_.tcp().most_connections;
  if (most > 0 && connections_.size() >= static_cast<std::size_t>(most)) {
    waiting_.push_back(std::move(connection));
    return;
  }
  // The main process accepts, and makes the child if there is one; meanwhile it answers nobody.
  const TimePoint now = host_.clock().now();
  const auto tcp = server_.tcp();
  free_at_ = std::max(free_at_, now) + tcp.accept_time;
  if (tcp.accept_spread > Duration(0)) free_at_ += exponential(tcp.accept_spread, random_);
  connections_.push_back(std::make_unique<Connection>(*this, std::move(connection), free_at_ - now));
}

void DnsService::connection_ended() {
  std::erase_if(connections_, [](const auto& connection) { return connection->ended(); });
  if (waiting_.empty()) return;
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  accepted(std::move(next));
}

}  // namespace hanglab::sim
