// musl's DNS client: the search list, the exchange with all name servers at once, and the addresses that it
// finds in the answers.
// Source: musl 1.2.3, 1.2.4, 1.2.5: src/network/lookup_name.c, res_msend.c, res_mkquery.c, dns_parse.c.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/dns.hh"
#include "models/resolvers/resolver.hh"

namespace hanglab::resolvers::musl {

constexpr std::size_t most_addresses = 48;  // MAXADDRS

// What differs between versions.
struct Version {
  bool tcp;                  // a truncated answer is asked for again over TCP
  std::size_t buffer;        // bytes of an answer that are read
  std::size_t most_records;  // questions and answers; of a message with more nothing is taken
  bool far_pointers;         // takes a name that points beyond the message's first 511 bytes
  bool aaaa_first;           // the order in which the answers' addresses are taken
  const char* no_address;    // the error when the name is there, but not with such an address
};

constexpr std::size_t any_number = static_cast<std::size_t>(-1);
constexpr Version version_1_2_3{.tcp = false,
                                .buffer = 512,
                                .most_records = 64,
                                .far_pointers = false,
                                .aaaa_first = false,
                                .no_address = "EAI_NONAME"};
constexpr Version version_1_2_4{.tcp = true,
                                .buffer = 768,
                                .most_records = 64,
                                .far_pointers = false,
                                .aaaa_first = true,
                                .no_address = "EAI_NODATA"};
constexpr Version version_1_2_5{.tcp = true,
                                .buffer = 4800,
                                .most_records = any_number,
                                .far_pointers = true,
                                .aaaa_first = true,
                                .no_address = "EAI_NODATA"};

// Asks for the name with each search domain in turn, or as it is.
posix::Task<Answer> search(posix::Posix& os, const Version& version, const kernel::ResolvConf& configuration,
                           std::string name, Family family);

// The addresses of one type in an answer that may be cut off anywhere, up to `room` of them.
std::vector<IpAddress> addresses_in(const Version& version, dns::ByteView message, std::uint16_t type,
                                    std::size_t room);

}  // namespace hanglab::resolvers::musl
