// named.conf, as far as it decides what a BIND answers that asks nobody else: one `options` block and
// primary zones. `recursion no` and `dnssec-validation no` are required, since otherwise named asks the root
// servers; statements that are not known to change nothing here are refused at their place, and where to
// listen and which files to keep is not for the scenario to say. Errors: InputError.
// Source: named.conf(5) of 9.18.49; bin/named/config.c for the defaults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/time.hh"
#include "models/servers/record_text.hh"

namespace hanglab::servers {

enum class MinimalResponses { no, yes, no_auth, no_auth_recursive };
enum class RrsetOrder { random, cyclic, none };

struct NamedZone {
  WireName name;
  std::string file;
  Location where{};
};

struct NamedConf {
  MinimalResponses minimal_responses = MinimalResponses::no_auth_recursive;
  RrsetOrder rrset_order = RrsetOrder::random;
  bool minimal_any = false;
  bool answer_cookie = true;
  std::uint16_t edns_udp_size = 1232;
  std::uint16_t max_udp_size = 1232;
  std::size_t max_records_per_type = 100;  // 0: no limit
  int tcp_clients = 150;
  Duration tcp_initial_timeout = std::chrono::seconds(30);
  Duration tcp_idle_timeout = std::chrono::seconds(30);
  Duration tcp_keepalive_timeout = std::chrono::seconds(30);
  Duration tcp_advertised_timeout = std::chrono::seconds(30);
  std::vector<NamedZone> zones{};
  std::size_t options_begin = 0;  // in the text: behind the brace that opens the options
};

NamedConf parse_named_conf(const PlacedText& text);

}  // namespace hanglab::servers
