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

// "version.bind", class CHAOS, type TXT: every server has something to say to it, and none looks into its own
// data for that. id 0x686c, no recursion.
constexpr std::array<std::uint8_t, 30> who_are_you{0x68, 0x6c, 0,   0,   0,   1,   0,   0,   0,    0,
                                                   0,    0,    7,   'v', 'e', 'r', 's', 'i', 'o',  'n',
                                                   4,    'b',  'i', 'n', 'd', 0,   0,   16,  0x00, 0x03};

bool answers(const Host& host, Ipv4Address address) {
  const Host::Network inside(host);
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  to.sin_addr.s_addr = htonl(address.value);
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return false;
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
std::vector<Ipv4Address> addresses_of(const Host& host, const scenario::DnsServer& server) {
  if (!server.listen.empty()) return server.listen;
  std::vector<Ipv4Address> addresses{loopback};
  for (const auto& interface : host.plan().interfaces) {
    addresses.push_back(interface.address.address);
    addresses.insert(addresses.end(), interface.more_addresses.begin(), interface.more_addresses.end());
  }
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
