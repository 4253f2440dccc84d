#include "live/dns_service.hh"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/error.hh"
#include "scenario/launch.hh"

namespace hanglab::live {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto patience = std::chrono::seconds(10);
constexpr int between_questions = 50;  // ms
constexpr Ipv4Address loopback{.value = INADDR_LOOPBACK};
constexpr Ipv6Address loopback_ipv6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

// "version.bind", class CHAOS, type TXT: every server has something to say to it, and none looks into its own
// data for that. id 0x686c, no recursion.
constexpr std::array<std::uint8_t, 30> who_are_you{0x68, 0x6c, 0,   0,   0,   1,   0,   0,   0,    0,
                                                   0,    0,    7,   'v', 'e', 'r', 's', 'i', 'o',  'n',
                                                   4,    'b',  'i', 'n', 'd', 0,   0,   16,  0x00, 0x03};

bool connect_to(int socket, Ipv4Address address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  to.sin_addr.s_addr = htonl(address.value);
  return connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
}

bool connect_to(int socket, const Ipv6Address& address) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(53);
  std::memcpy(&to.sin6_addr, address.bytes.data(), address.bytes.size());
  return connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
}

bool answers(const Host& host, const IpAddress& address) {
  const Host::Network inside(host);
  const Fd socket(::socket(is_ipv6(address) ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!std::visit([&](const auto& one) { return connect_to(socket.get(), one); }, address)) return false;
  if (send(socket.get(), who_are_you.data(), who_are_you.size(), 0) < 0) return false;
  pollfd waiting{.fd = socket.get(), .events = POLLIN, .revents = 0};
  if (poll(&waiting, 1, between_questions) != 1) return false;
  std::array<std::uint8_t, 512> answer{};
  const ssize_t size = recv(socket.get(), answer.data(), answer.size(), 0);
  if (size < 0) usleep(between_questions * 1000);  // an ICMP error: nobody listens yet
  return size > 0;
}

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// "Every address" is every one of the host's own, lo's among them.
std::vector<IpAddress> addresses_of(const Host& host, const scenario::DnsServer& server) {
  if (!server.listen.empty()) return server.listen;
  std::vector<IpAddress> addresses{loopback};
  if (host.plan().has_ipv6()) addresses.emplace_back(loopback_ipv6);
  for (const auto& interface : host.plan().interfaces)
    for (const IpAddress& address : interface.addresses()) addresses.push_back(address);
  return addresses;
}

void start(const Host& host, const scenario::DnsServer& server, std::size_t number) {
  const std::filesystem::path directory = fmt::format("/run/{}-dns-{}", host.plan().name, number);
  std::filesystem::create_directory(directory);
  const auto addresses = addresses_of(host, server);
  const auto launch = scenario::launch(server, addresses, directory);
  for (const auto& file : launch.files) std::ofstream(directory / file.name) << file.text;
  const std::string log = (directory / "log").string();
  const Fd to(open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
  const pid_t process = host.start(launch.command, {.in = -1, .out = to.get(), .err = to.get()});
  const auto deadline = Clock::now() + patience;
  while (!answers(host, addresses.front())) {
    const bool ended = waitpid(process, nullptr, WNOHANG) == process;
    if (ended || Clock::now() > deadline)
      throw Error(fmt::format("host {}: {} {}: {}", host.plan().name, server.software,
                              ended ? "ended at once" : "does not answer", text_of(log)));
  }
}

}  // namespace

void start_dns_servers(const Host& host) {
  for (std::size_t i = 0; i < host.plan().dns_servers.size(); ++i) start(host, host.plan().dns_servers[i], i);
}

}  // namespace hanglab::live
