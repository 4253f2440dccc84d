// What `replay` is told of a real server that answers the lookups of a capture, read and checked.
#pragma once

#include <boost/program_options.hpp>

#include <cstddef>
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
  explicit SourceAddresses(const std::string& range);  // "10.9.0.0/16"; throws InputError

  Ipv4Address operator[](std::size_t client) const;
  std::size_t size() const;
  // Throws InputError that says how to get them, if this host cannot send from the first `clients`.
  void check(std::size_t clients) const;

 private:
  Ipv4Prefix range_;
};

}  // namespace hanglab::cli
