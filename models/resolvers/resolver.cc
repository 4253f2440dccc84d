#include "models/resolvers/resolver.hh"

#include <array>

#include "models/resolvers/cares_1_18.hh"
#include "models/resolvers/cares_1_34.hh"
#include "models/resolvers/dig.hh"
#include "models/resolvers/dnspython.hh"
#include "models/resolvers/glibc.hh"
#include "models/resolvers/go.hh"
#include "models/resolvers/musl.hh"

namespace hanglab::resolvers {

namespace {

struct Entry {
  std::string_view client;
  Resolver resolver;
};

constexpr auto clients = std::to_array<Entry>({
    {"cares-1.18", cares::getaddrinfo_1_18},
    {"dig-9.18", dig::dig_9_18},
    {"dnspython-2.3", dnspython::resolve_2_3},
    {"glibc-2.28", glibc::getaddrinfo_2_28},
    {"glibc-2.31", glibc::getaddrinfo_2_31},
    {"glibc-2.36", glibc::getaddrinfo_2_36},
    {"go-1.19", go::lookup_1_19},
    {"go-1.26", go::lookup_1_26},
    {"musl-1.2.3", musl::getaddrinfo_1_2_3},
    {"musl-1.2.4", musl::getaddrinfo_1_2_4},
    {"musl-1.2.5", musl::getaddrinfo_1_2_5},
    {"node-20-cares-1.34", cares::node_20_resolve},
    {"python-3.11", glibc::getaddrinfo_2_36},  // socket.getaddrinfo() is the C library's, here Debian 12's
});

}  // namespace

Resolver find_resolver(std::string_view client) {
  for (const Entry& entry : clients)
    if (entry.client == client) return entry.resolver;
  return nullptr;
}

std::vector<std::string_view> known_clients() {
  std::vector<std::string_view> names;
  for (const Entry& entry : clients) names.push_back(entry.client);
  return names;
}

}  // namespace hanglab::resolvers
