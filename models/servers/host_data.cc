#include "models/servers/host_data.hh"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/error.hh"

namespace hanglab::servers {

namespace {

std::string_view type_of(const IpAddress& address) {
  return std::holds_alternative<Ipv4Address>(address) ? "A" : "AAAA";
}

const std::string& plain(const std::string& name) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
  };
  if (!std::ranges::all_of(name, is_plain))
    throw InputError(fmt::format("the name '{}' of a host file can be given to dnsmasq alone", name));
  return name;
}

}  // namespace

std::string unbound_local_data(const std::vector<HostLine>& lines) {
  std::string text = "server:\n";
  for (const auto& [address, names] : lines) {
    for (const auto& name : names)
      text += fmt::format("  local-data: \"{}. 0 IN {} {}\"\n", plain(name), type_of(address),
                          to_string(address));
    if (!names.empty())
      text += fmt::format("  local-data-ptr: \"{} 0 {}.\"\n", to_string(address), names.front());
  }
  return text;
}

std::string zone_records(const std::vector<HostLine>& lines) {
  std::string text;
  for (const auto& [address, names] : lines)
    for (const auto& name : names)
      text += fmt::format("{}. 0 IN {} {}\n", plain(name), type_of(address), to_string(address));
  return text;
}

}  // namespace hanglab::servers
