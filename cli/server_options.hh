// What `replay` is told of a real server that answers the lookups of a capture, read and checked.
#pragma once

#include <boost/program_options.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/address.hh"
#include "sockets/lookup_player.hh"

namespace hanglab::cli {

struct ServerOptions {
  std::string server{};
  std::string client = "glibc";
  std::string source{};
  std::string resolv_conf{};
  std::string nsswitch = "files dns";
  std::string give_up = "10min";
  bool keep_ports = false;
  std::size_t clients = 0;  // at once; 0: what fits the pace

  void add_to(boost::program_options::options_description& options);
  bool wanted() const { return !server.empty(); }

  // All throw InputError that names the option.
  Endpoint endpoint() const;            // port 53 where none is told
  std::string client_software() const;  // a name with its version: the newest, where none is told
  sockets::PlayerHost host() const;
  Duration longest_hang() const;
};

// Addresses for clients, one each, in the order in which they first ask.
class SourceAddresses {
 public:
  // "10.9.0.0/16", "fd00:9::/64", for packets to that server; throws InputError.
  SourceAddresses(const std::string& range, const IpAddress& server);

  IpAddress operator[](std::uint64_t client) const;
  std::uint64_t size() const { return size_; }
  // Throws InputError that says how to get them, if this host cannot send from the first `clients`.
  void check(std::size_t clients) const;

 private:
  std::string range_;
  IpAddress network_{};
  std::uint64_t first_ = 0;  // in the network
  std::uint64_t size_ = 0;   // 2^64 - 1 and more are the same
};

}  // namespace hanglab::cli
