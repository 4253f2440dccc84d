#include "models/netfilter/iptables_names.hh"

#include "models/netfilter/conntrack.hh"
#include "models/netfilter/iptables_packet.hh"

namespace hanglab::kernel {

namespace {

constexpr Service service_table[] = {
    {"auth", 113, Over::tcp},
    {"bgp", 179, Over::tcp},
    {"bootpc", 68, Over::udp},
    {"bootps", 67, Over::udp},
    {"domain", 53, Over::both},
    {"domain-s", 853, Over::both},
    {"ftp", 21, Over::tcp},
    {"ftp-data", 20, Over::tcp},
    {"git", 9418, Over::tcp},
    {"http", 80, Over::tcp},
    {"http-alt", 8080, Over::tcp},
    {"https", 443, Over::both},
    {"imap2", 143, Over::tcp},
    {"imaps", 993, Over::tcp},
    {"ipp", 631, Over::tcp},
    {"isakmp", 500, Over::udp},
    {"kerberos", 88, Over::both},
    {"kpasswd", 464, Over::both},
    {"ldap", 389, Over::both},
    {"ldaps", 636, Over::both},
    {"mdns", 5353, Over::udp},
    {"microsoft-ds", 445, Over::tcp},
    {"ms-wbt-server", 3389, Over::tcp},
    {"mysql", 3306, Over::tcp},
    {"netbios-dgm", 138, Over::udp},
    {"netbios-ns", 137, Over::udp},
    {"netbios-ssn", 139, Over::tcp},
    {"nfs", 2049, Over::both},
    {"ntp", 123, Over::udp},
    {"openvpn", 1194, Over::both},
    {"pop3", 110, Over::tcp},
    {"pop3s", 995, Over::tcp},
    {"postgresql", 5432, Over::tcp},
    {"radius", 1812, Over::both},
    {"rsync", 873, Over::tcp},
    {"sip", 5060, Over::both},
    {"smtp", 25, Over::tcp},
    {"snmp", 161, Over::both},
    {"snmp-trap", 162, Over::both},
    {"ssh", 22, Over::tcp},
    {"submission", 587, Over::tcp},
    {"submissions", 465, Over::tcp},
    {"sunrpc", 111, Over::both},
    {"syslog", 514, Over::udp},
    {"telnet", 23, Over::tcp},
    {"tftp", 69, Over::udp},
    {"time", 37, Over::both},
    {"www", 80, Over::tcp},
};

constexpr Named<std::uint8_t> protocol_table[] = {
    {"all", protocol::any},
    {"icmp", protocol::icmp},
    {"igmp", 2},
    {"tcp", protocol::tcp},
    {"udp", protocol::udp},
    {"dccp", 33},
    {"gre", 47},
    {"esp", 50},
    {"ah", 51},
    {"ipv6-icmp", protocol::icmpv6},
    {"icmpv6", protocol::icmpv6},
    {"sctp", 132},
    {"udplite", 136},
};

constexpr Named<std::uint8_t> tcp_flag_table[] = {
    {"FIN", tcp_flag::fin}, {"SYN", tcp_flag::syn}, {"RST", tcp_flag::rst}, {"PSH", tcp_flag::psh},
    {"ACK", tcp_flag::ack}, {"URG", tcp_flag::urg}, {"ALL", 0x3f},          {"NONE", 0},
};

constexpr IcmpMatch icmp(std::uint8_t type) { return {.type = type}; }
constexpr IcmpMatch icmp(std::uint8_t type, std::uint8_t code) {
  return {.type = type, .first_code = code, .last_code = code};
}

constexpr Named<IcmpMatch> icmp_table[] = {
    {"any", icmp(IcmpMatch::any_type)},
    {"echo-reply", icmp(0)},
    {"pong", icmp(0)},
    {"destination-unreachable", icmp(3)},
    {"network-unreachable", icmp(3, 0)},
    {"host-unreachable", icmp(3, 1)},
    {"protocol-unreachable", icmp(3, 2)},
    {"port-unreachable", icmp(3, 3)},
    {"fragmentation-needed", icmp(3, 4)},
    {"source-route-failed", icmp(3, 5)},
    {"network-unknown", icmp(3, 6)},
    {"host-unknown", icmp(3, 7)},
    {"network-prohibited", icmp(3, 9)},
    {"host-prohibited", icmp(3, 10)},
    {"TOS-network-unreachable", icmp(3, 11)},
    {"TOS-host-unreachable", icmp(3, 12)},
    {"communication-prohibited", icmp(3, 13)},
    {"host-precedence-violation", icmp(3, 14)},
    {"precedence-cutoff", icmp(3, 15)},
    {"source-quench", icmp(4)},
    {"redirect", icmp(5)},
    {"network-redirect", icmp(5, 0)},
    {"host-redirect", icmp(5, 1)},
    {"TOS-network-redirect", icmp(5, 2)},
    {"TOS-host-redirect", icmp(5, 3)},
    {"echo-request", icmp(8)},
    {"ping", icmp(8)},
    {"router-advertisement", icmp(9)},
    {"router-solicitation", icmp(10)},
    {"time-exceeded", icmp(11)},
    {"ttl-exceeded", icmp(11)},
    {"ttl-zero-during-transit", icmp(11, 0)},
    {"ttl-zero-during-reassembly", icmp(11, 1)},
    {"parameter-problem", icmp(12)},
    {"ip-header-bad", icmp(12, 0)},
    {"required-option-missing", icmp(12, 1)},
    {"timestamp-request", icmp(13)},
    {"timestamp-reply", icmp(14)},
    {"address-mask-request", icmp(17)},
    {"address-mask-reply", icmp(18)},
};

constexpr Named<IcmpMatch> icmpv6_table[] = {
    {"destination-unreachable", icmp(1)},
    {"no-route", icmp(1, 0)},
    {"communication-prohibited", icmp(1, 1)},
    {"beyond-scope", icmp(1, 2)},
    {"address-unreachable", icmp(1, 3)},
    {"port-unreachable", icmp(1, 4)},
    {"failed-policy", icmp(1, 5)},
    {"reject-route", icmp(1, 6)},
    {"packet-too-big", icmp(2)},
    {"time-exceeded", icmp(3)},
    {"ttl-exceeded", icmp(3)},
    {"ttl-zero-during-transit", icmp(3, 0)},
    {"ttl-zero-during-reassembly", icmp(3, 1)},
    {"parameter-problem", icmp(4)},
    {"bad-header", icmp(4, 0)},
    {"unknown-header-type", icmp(4, 1)},
    {"unknown-option", icmp(4, 2)},
    {"echo-request", icmp(128)},
    {"ping", icmp(128)},
    {"echo-reply", icmp(129)},
    {"pong", icmp(129)},
    {"router-solicitation", icmp(133)},
    {"router-advertisement", icmp(134)},
    {"neighbour-solicitation", icmp(135)},
    {"neighbor-solicitation", icmp(135)},
    {"neighbour-advertisement", icmp(136)},
    {"neighbor-advertisement", icmp(136)},
    {"redirect", icmp(137)},
};

constexpr Named<unsigned> state_table[] = {
    {"INVALID", static_cast<unsigned>(ConnectionState::invalid)},
    {"NEW", static_cast<unsigned>(ConnectionState::fresh)},
    {"ESTABLISHED", static_cast<unsigned>(ConnectionState::established)},
    {"RELATED", static_cast<unsigned>(ConnectionState::related)},
    {"UNTRACKED", static_cast<unsigned>(ConnectionState::untracked)},
};

// In iptables' order: an abbreviation means the first that it fits, "icmp" net-unreachable.
constexpr Named<RejectWith> reject_table[] = {
    {"icmp-net-unreachable", RejectWith::icmp_net_unreachable},
    {"net-unreach", RejectWith::icmp_net_unreachable},
    {"icmp-host-unreachable", RejectWith::icmp_host_unreachable},
    {"host-unreach", RejectWith::icmp_host_unreachable},
    {"icmp-proto-unreachable", RejectWith::icmp_proto_unreachable},
    {"proto-unreach", RejectWith::icmp_proto_unreachable},
    {"icmp-port-unreachable", RejectWith::icmp_port_unreachable},
    {"port-unreach", RejectWith::icmp_port_unreachable},
    {"icmp-net-prohibited", RejectWith::icmp_net_prohibited},
    {"net-prohib", RejectWith::icmp_net_prohibited},
    {"icmp-host-prohibited", RejectWith::icmp_host_prohibited},
    {"host-prohib", RejectWith::icmp_host_prohibited},
    {"tcp-reset", RejectWith::tcp_reset},
    {"tcp-rst", RejectWith::tcp_reset},
    {"icmp-admin-prohibited", RejectWith::icmp_admin_prohibited},
    {"admin-prohib", RejectWith::icmp_admin_prohibited},
};

constexpr Named<RejectWith> reject_table_v6[] = {
    {"icmp6-no-route", RejectWith::icmp6_no_route},
    {"no-route", RejectWith::icmp6_no_route},
    {"icmp6-adm-prohibited", RejectWith::icmp6_admin_prohibited},
    {"adm-prohibited", RejectWith::icmp6_admin_prohibited},
    {"icmp6-addr-unreachable", RejectWith::icmp6_address_unreachable},
    {"addr-unreach", RejectWith::icmp6_address_unreachable},
    {"icmp6-port-unreachable", RejectWith::icmp6_port_unreachable},
    {"port-unreach", RejectWith::icmp6_port_unreachable},
    {"tcp-reset", RejectWith::tcp_reset},
    {"icmp6-policy-fail", RejectWith::icmp6_policy_fail},
    {"policy-fail", RejectWith::icmp6_policy_fail},
    {"icmp6-reject-route", RejectWith::icmp6_reject_route},
    {"reject-route", RejectWith::icmp6_reject_route},
};

}  // namespace

std::span<const Service> services() { return service_table; }
std::span<const Named<std::uint8_t>> protocols() { return protocol_table; }
std::span<const Named<std::uint8_t>> tcp_flag_names() { return tcp_flag_table; }
std::span<const Named<IcmpMatch>> icmp_types(IpVersion version) {
  if (version == IpVersion::v6) return icmpv6_table;
  return icmp_table;
}
std::span<const Named<unsigned>> connection_states() { return state_table; }
std::span<const Named<RejectWith>> reject_types(IpVersion version) {
  if (version == IpVersion::v6) return reject_table_v6;
  return reject_table;
}

}  // namespace hanglab::kernel
