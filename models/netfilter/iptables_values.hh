// The arguments of iptables' options as values. Each function throws InputError at the word, saying what it
// wanted. Names are known without the files of /etc; a name that would need the resolver is refused.
// Source: iptables 1.8.9 libxtables/{xtables.c,xtoptions.c}; Debian's /etc/services for the names of ports.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/netfilter/iptables_rules.hh"
#include "models/netfilter/iptables_words.hh"

namespace hanglab::kernel {

// Decimal, 0x hexadecimal or 0 octal.
std::uint32_t read_number(const Word& word, std::uint32_t least, std::uint32_t most);
double read_probability(const Word& word);

std::vector<AddressMatch> read_addresses(const Word& word, IpVersion version);  // "10.0.0.0/8,192.168.1.1"
InterfaceMatch read_interface(const Word& word);
std::uint8_t read_protocol(const Word& word);

// "53", "domain", and with open ends ":1023", "1024:", "1024:65535".
PortMatch read_ports(const Word& word, std::uint8_t protocol);
std::vector<PortMatch> read_port_list(const Word& word, std::uint8_t protocol);  // up to 15 slots
LengthMatch read_length(const Word& word);
std::uint8_t read_tcp_flags(const Word& word);
IcmpMatch read_icmp_type(const Word& word, IpVersion version);
unsigned read_states(const Word& word);
RejectWith read_reject_type(const Word& word, IpVersion version);

// The parts between separators, each with its own place.
std::vector<Word> split(const Word& word, char separator);
std::string join(std::span<const std::string_view> names);

}  // namespace hanglab::kernel
