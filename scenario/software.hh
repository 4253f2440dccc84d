// The programs that a scenario may name: resolver clients with the calls they offer, and DNS servers.
// A new model is made known here. Errors: InputError at the value, with the nearest known name.
#pragma once

#include <string>

#include "scenario/value.hh"

namespace hanglab::scenario {

std::string read_client(const Value& value);                           // "glibc-2.36"
std::string usual_call(const std::string& client);                     // where none is named
std::string read_call(const Value& value, const std::string& client);  // "getaddrinfo"

struct Software {
  std::string name;     // "dnsmasq"
  std::string version;  // "2.90"
};

Software read_server_software(const Value& value);  // "dnsmasq 2.90"

}  // namespace hanglab::scenario
