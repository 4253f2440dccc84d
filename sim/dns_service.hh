// A DNS server's process on a simulated host: the sockets of port 53, one question at a time over UDP,
// and TCP connections, in turn with UDP or, where the server makes a child for each, beside it. What it
// answers, and how long it works on it, is the model's (models/servers). Where the model forwards, it does so
// by system calls of that process, or of the connection's own.
#pragma once

#include <ns3/event-id.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "models/servers/dns_server.hh"
#include "sim/host.hh"
#include "sim/process.hh"

namespace hanglab::sim {

class DnsService final : public SocketOwner, public TcpListener {
 public:
  // Told of each truncated answer: to whom, its DNS id, and how large the whole answer would be.
  using TruncationNote = std::function<void(Endpoint client, std::uint16_t id, std::size_t full_size)>;

  DnsService(Host& host, servers::DnsServer& server, std::vector<IpAddress> listen, TruncationNote note);
  ~DnsService() override;

  void begin_run(Random random);
  void end_run();

  // SocketOwner: the UDP socket
  void socket_changed() override;
  void syn_sent(const void*) override {}
  // TcpListener
  void accepted(std::shared_ptr<TcpConnection> connection) override;

 private:
  class Connection;

  UdpSocket* next_readable() const;
  void serve_next();
  void send(const servers::Client& client, const Bytes& message);
  posix::Task<bool> forward(Bytes query, servers::Client client);
  // For a server of one process: how long it is still at work on another question, and on this one.
  Duration busy_for() const;
  void occupy(Duration work);
  void connection_ended();

  Host& host_;
  servers::DnsServer& server_;
  std::vector<IpAddress> listen_;
  TruncationNote note_;
  std::vector<std::unique_ptr<UdpSocket>> udp_;  // one an address that it listens on
  bool working_ = false;  // the main process has a question at hand, or will wake for one
  TimePoint free_at_{};   // when the main process can turn to something else
  ns3::EventId event_;
  std::vector<ns3::EventId> delayed_;  // answers over UDP that wait to be sent
  Random random_{0};                   // of this run, for the processes
  // The main process and what it forwards; only of a server that does.
  std::unique_ptr<Process> process_;
  std::unique_ptr<servers::Forwarding> forwarding_;
  std::optional<posix::Task<bool>> task_;  // the question that is being sent on
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<std::shared_ptr<TcpConnection>> waiting_;  // connected, not yet accepted by the server
};

}  // namespace hanglab::sim
