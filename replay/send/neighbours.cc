#include "replay/send/neighbours.hh"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <functional>

#include "core/error.hh"

namespace hanglab::replay {

namespace {

using Octets = std::vector<std::uint8_t>;
using Buffer = std::array<char, 32768>;  // a netlink message of the kernel fits

[[noreturn]] void fail(const char* what) { throw Error(fmt::format("{}: {}", what, std::strerror(errno))); }

Octets octets_of(const nlattr* attribute) {
  const auto* payload = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
  return {payload, payload + mnl_attr_get_payload_len(attribute)};
}

// The attributes of a message, behind a header of that size.
void each_attribute(const nlmsghdr* message, unsigned header,
                    const std::function<void(const nlattr*)>& take) {
  const auto callback = [](const nlattr* attribute, void* data) {
    (*static_cast<const std::function<void(const nlattr*)>*>(data))(attribute);
    return MNL_CB_OK;
  };
  mnl_attr_parse(message, header, callback, const_cast<std::function<void(const nlattr*)>*>(&take));
}

// Sends a request, and gives each message of the answer to `take`.
void ask(mnl_socket* socket, nlmsghdr* request, const std::function<void(const nlmsghdr*)>& take) {
  static unsigned sequence = 0;
  request->nlmsg_seq = ++sequence;
  if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) fail("netlink");
  const auto callback = [](const nlmsghdr* message, void* data) {
    (*static_cast<const std::function<void(const nlmsghdr*)>*>(data))(message);
    return MNL_CB_OK;
  };
  Buffer buffer{};
  const bool many = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  int more = MNL_CB_OK;
  while (more > MNL_CB_STOP) {
    const ssize_t got = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
    if (got < 0) fail("netlink");
    more = mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), request->nlmsg_seq,
                      mnl_socket_get_portid(socket), callback,
                      const_cast<std::function<void(const nlmsghdr*)>*>(&take));
    if (!many) return;  // an error, as of no route, gives `take` nothing
  }
  if (more < 0) fail("netlink");
}

int prefix_length(std::span<const std::uint8_t> mask) {
  int length = 0;
  for (const std::uint8_t octet : mask) length += std::popcount(octet);
  return length;
}

IpPrefix prefix_of(Octets address, std::span<const std::uint8_t> mask) {
  for (std::size_t i = 0; i < address.size(); ++i) address[i] &= mask[i];
  if (address.size() == 4) {
    std::uint32_t value = 0;
    for (const std::uint8_t octet : address) value = value << 8 | octet;
    return {.address = Ipv4Address{value}, .length = prefix_length(mask)};
  }
  Ipv6Address v6;
  std::copy(address.begin(), address.end(), v6.bytes.begin());
  return {.address = v6, .length = prefix_length(mask)};
}

std::span<const std::uint8_t> octets_in(const sockaddr* address) {
  if (address->sa_family == AF_INET)
    return {reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr),
            4};
  return {reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr),
          16};
}

}  // namespace

void Neighbours::Close::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

Neighbours::Neighbours(int interface) : interface_(interface), netlink_(mnl_socket_open(NETLINK_ROUTE)) {
  if (!netlink_ || mnl_socket_bind(netlink_.get(), 0, MNL_SOCKET_AUTOPID) < 0) fail("netlink");
  Buffer buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETNEIGH;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  mnl_nlmsg_put_extra_header(request, sizeof(ndmsg));
  ask(netlink_.get(), request, [this](const nlmsghdr* message) {
    const auto* entry = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(message));
    constexpr int unusable = NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP;
    if (entry->ndm_ifindex != interface_ || (entry->ndm_state & unusable) != 0) return;
    Octets address;
    MacAddress mac;
    bool has_mac = false;
    each_attribute(message, sizeof(ndmsg), [&](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) == NDA_DST) address = octets_of(attribute);
      if (mnl_attr_get_type(attribute) == NDA_LLADDR &&
          mnl_attr_get_payload_len(attribute) == mac.bytes.size()) {
        std::memcpy(mac.bytes.data(), mnl_attr_get_payload(attribute), mac.bytes.size());
        has_mac = true;
      }
    });
    if (has_mac && !address.empty()) known_.insert_or_assign(address, mac);
  });
}

Neighbours::Octets Neighbours::next_hop_address(std::span<const std::uint8_t> address) {
  Buffer buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETROUTE;
  request->nlmsg_flags = NLM_F_REQUEST;
  auto* wanted = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(rtmsg)));
  wanted->rtm_family = address.size() == 4 ? AF_INET : AF_INET6;
  wanted->rtm_dst_len = static_cast<std::uint8_t>(8 * address.size());
  mnl_attr_put(request, RTA_DST, address.size(), address.data());
  Octets hop;
  ask(netlink_.get(), request, [&](const nlmsghdr* message) {
    if (message->nlmsg_type != RTM_NEWROUTE) return;
    Octets found(address.begin(), address.end());
    bool here = false;
    each_attribute(message, sizeof(rtmsg), [&](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) == RTA_GATEWAY) found = octets_of(attribute);
      if (mnl_attr_get_type(attribute) == RTA_OIF)
        here = static_cast<int>(mnl_attr_get_u32(attribute)) == interface_;
    });
    if (here) hop = std::move(found);
  });
  return hop;
}

std::optional<MacAddress> Neighbours::next_hop(std::span<const std::uint8_t> address) {
  Octets key(address.begin(), address.end());
  const auto before = asked_.find(key);
  if (before != asked_.end()) return before->second;
  const auto found = known_.find(next_hop_address(address));
  const auto mac = found == known_.end() ? std::nullopt : std::optional(found->second);
  asked_.emplace(std::move(key), mac);
  return mac;
}

std::vector<IpPrefix> networks_of(const std::string& interface) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) fail("getifaddrs");
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(list, &freeifaddrs);
  std::vector<IpPrefix> networks;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (interface != one->ifa_name || one->ifa_addr == nullptr || one->ifa_netmask == nullptr) continue;
    if (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6) continue;
    const auto address = octets_in(one->ifa_addr);
    const std::span mask(reinterpret_cast<const std::uint8_t*>(octets_in(one->ifa_netmask).data()),
                         address.size());
    networks.push_back(prefix_of({address.begin(), address.end()}, mask));
  }
  return networks;
}

}  // namespace hanglab::replay
