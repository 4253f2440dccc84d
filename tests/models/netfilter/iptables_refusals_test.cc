// What is refused, at which place and with which words. iptables 1.8.9 refuses every one of these texts too,
// but for those of the last test, which the lab has no model for.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "models/netfilter/iptables.hh"

using namespace hanglab;
using namespace hanglab::kernel;

namespace {

struct Case {
  std::string text;
  std::string problem;
};

std::string refusal(const std::string& text, const Location& where = {"rules", 1, 1}) {
  try {
    Ruleset::parse(text, where);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

void check_all(const std::vector<Case>& cases) {
  for (const auto& [text, problem] : cases) CHECK(refusal(text) == "rules:" + problem);
}

}  // namespace

TEST_CASE("a wrong value is named at its own place") {
  check_all({
      {"-A OUTPUT -d 192.168.122.256 -j DROP",
       "1:14: '192.168.122.256' is no IPv4 address (a name would need a resolver)"},
      {"-A OUTPUT -s 10.0.0.1,10.0.0.0/33 -j DROP",
       "1:23: '10.0.0.0/33' has no mask from /0 to /32, nor one like /255.255.255.0"},
      {"-A OUTPUT -s fe80::1 -j DROP", "1:14: 'fe80::1' is an IPv6 address, which iptables does not take"},
      {"-A OUTPUT -p tcp --dport 65536 -j DROP",
       "1:26: no port or service '65536' of tcp; a port is a number from 0 to 65535"},
      {"-A OUTPUT -p tcp --dport ntp -j DROP",
       "1:26: no port or service 'ntp' of tcp; a port is a number from 0 to 65535"},
      {"-A OUTPUT -p tcp --dport 53,853 -j DROP",
       "1:26: a list of ports needs -m multiport --sports or --dports"},
      {"-A OUTPUT -p tcp --dport 90:80 -j DROP", "1:26: the range '90:80' ends before it begins"},
      {"-A OUTPUT -p udp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15:16 -j DROP",
       "1:73: multiport takes at most 15 ports, a range counting as two"},
      {"-A OUTPUT -m length --length 70000 -j DROP", "1:30: '70000' is no number from 0 to 65535"},
      {"-A OUTPUT -m statistic --mode nth --every 3 --packet 3 -j DROP",
       "1:54: '3' is no number from 0 to 2"},
      {"-A OUTPUT -m statistic --mode random --probability 10% -j DROP",
       "1:52: '10%' is no probability from 0 to 1"},
      {"-A OUTPUT -m state --state NEW,OLD -j DROP",
       "1:32: no connection state 'OLD'; there are INVALID, NEW, ESTABLISHED, RELATED, UNTRACKED"},
      {"-A OUTPUT -p tcp --tcp-flags SYN,ECE SYN -j DROP",
       "1:34: no TCP flag 'ECE'; there are FIN, SYN, RST, PSH, ACK, URG, ALL, NONE"},
      {"-A OUTPUT -p icmp --icmp-type echo -j DROP", "1:31: 'echo' may be 'echo-reply' or 'echo-request'"},
      {"-A OUTPUT -p icmp --icmp-type 3/300 -j DROP",
       "1:31: '3/300' has no ICMP code from 0 to 255 after its '/'"},
      {"-A OUTPUT -o averyverylongname -j DROP",
       "1:14: 'averyverylongname' is longer than the 15 characters of an interface name"},
      {"-P OUTPUT REJECT", "1:11: a policy is ACCEPT or DROP, not 'REJECT'"},
      {"-I OUTPUT 2 -j DROP", "1:11: the chain has 0 rules: none can be put in at 2"},
  });
}

TEST_CASE("options are refused where they have no place") {
  check_all({
      {"-A OUTPUT --dport 53 -p tcp -j DROP",
       "1:11: unknown option '--dport'; it needs -p tcp or -p udp before it"},
      {"-A OUTPUT --reject-with tcp-reset -j REJECT",
       "1:11: unknown option '--reject-with'; it needs -j REJECT before it"},
      {"-A OUTPUT --ttl 5 -j DROP", "1:11: unknown option '--ttl'"},
      {"-A OUTPUT -p tcp --dport 53 --dport 54 -j DROP", "1:29: --dport is given twice"},
      {"-A OUTPUT -p tcp -p udp -j DROP", "1:18: -p is given twice"},
      {"-A OUTPUT -m tcp --dport 53 -j DROP", "1:14: 'tcp' needs -p tcp"},
      {"-A OUTPUT -p icmp -m multiport --dports 53 -j DROP",
       "1:22: 'multiport' needs -p tcp, udp, udplite, sctp or dccp"},
      {"-A OUTPUT -m statistic --mode nth --every 3 -j DROP", "1:14: 'statistic' needs --packet"},
      {"-A OUTPUT -m statistic --mode random --every 3 -j DROP",
       "1:38: --every has no meaning in --mode random"},
      {"-A OUTPUT -j REJECT --reject-with tcp-reset", "1:35: tcp-reset needs -p tcp"},
      {"-A OUTPUT ! -p tcp -j REJECT --reject-with tcp-reset", "1:44: tcp-reset needs -p tcp"},
      {"-A OUTPUT -i eth0 -j DROP", "1:11: no packet of OUTPUT has come in by an interface"},
      {"-A INPUT -o eth0 -j DROP", "1:10: no packet of INPUT goes out by an interface"},
      {"-A OUTPUT -s ! 10.0.0.1 -j DROP", "1:14: the '!' goes before -s"},
      {"-A OUTPUT ! -s 10.0.0.1,10.0.0.2 -j DROP", "1:16: '!' takes a single address, not a list"},
      {"-A OUTPUT ! -j DROP", "1:13: -j cannot be inverted"},
      {"-A OUTPUT -j DROP !", "1:20: nothing follows the '!'"},
      {"-A OUTPUT -j DROP -A INPUT", "1:19: -A after -A: one command a line"},
      {"-A OUTPUT -j DROP please", "1:19: 'please' is out of place here"},
      {"-A OUTPUT -p", "1:13: -p needs an argument"},
      {"-p tcp -j DROP", "1:15: no command: expected one of -A, -I, -P, -N, -F, -X"},
      {"-P OUTPUT DROP -p tcp", "1:16: -p has no meaning with -P"},
      {"-A OUTPUT -p tcp --syn=1 -j DROP", "1:24: --syn takes no argument"},
      {"-A OUTPUT -m comment --comment \"open -j DROP", "1:32: no closing \""},
  });
}

TEST_CASE("a hashlimit needs a rate and a name, and values that the kernel takes") {
  check_all({
      {"-A OUTPUT --hashlimit-above 5/s -j DROP",
       "1:11: unknown option '--hashlimit-above'; it needs -m hashlimit before it"},
      {"-A OUTPUT -m hashlimit --hashlimit-name a -j DROP",
       "1:14: 'hashlimit' needs --hashlimit-upto or --hashlimit-above"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 5/s -j DROP", "1:14: 'hashlimit' needs --hashlimit-name"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 5/s --hashlimit-upto 5/s --hashlimit-name a -j DROP",
       "1:24: --hashlimit-upto and --hashlimit-above exclude each other"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 5/week --hashlimit-name a -j DROP",
       "1:44: '5/week' is no rate: a number a second, minute, hour or day, as 5/min"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 5/ --hashlimit-name a -j DROP",
       "1:44: '5/' is no rate: a number a second, minute, hour or day, as 5/min"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 0/s --hashlimit-name a -j DROP",
       "1:42: '0' is no number from 1 to 1000000 a second"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 1000001/s --hashlimit-name a -j DROP",
       "1:42: '1000001' is no number from 1 to 1000000 a second"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 0x2/s --hashlimit-name a -j DROP",
       "1:42: '0x2' is no number from 1 to 1000000 a second"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 1/s --hashlimit-burst 0 --hashlimit-name a -j DROP",
       "1:64: '0' is no number from 1 to 1000000"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 1/day --hashlimit-burst 5 --hashlimit-name a -j DROP",
       "1:42: a burst of 5 packets at this rate overflows the kernel's credits"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 1/s --hashlimit-mode srcip,port --hashlimit-name a -j DROP",
       "1:69: no mode 'port'; there are srcip, srcport, dstip, dstport"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 1/s --hashlimit-srcmask 33 --hashlimit-name a -j DROP",
       "1:66: '33' is no number from 0 to 32"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 1/s --hashlimit-htable-expire 0 --hashlimit-name a -j DROP",
       "1:72: '0' is no number from 1 to 4294967295"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 1/s --hashlimit-name a/b -j DROP",
       "1:63: the name of a hashlimit is a file's in /proc/net/ipt_hashlimit: no '/', up to 254 characters"},
  });
}

TEST_CASE("chains and targets have to be there") {
  check_all({
      {"-A OUTPUT -j FOO",
       "1:14: no chain or target 'FOO'; the lab reads the targets ACCEPT, DROP, RETURN, REJECT, LOG, NFLOG"},
      {"-A OUTPUT -j drop",
       "1:14: no chain or target 'drop'; the lab reads the targets ACCEPT, DROP, RETURN, REJECT, LOG, NFLOG"},
      {"-A FOO -j DROP", "1:4: no chain 'FOO'"},
      {"-A OUTPUT -g DROP", "1:14: no chain 'DROP'"},
      {"-A OUTPUT -j INPUT", "1:14: no rule can jump to the built-in chain INPUT"},
      {"-N DNS\n-N DNS", "2:4: the chain 'DNS' is there already"},
      {"-N DROP", "1:4: a chain cannot have the name of the target DROP"},
      {"-N DNS\n-P DNS DROP", "2:4: only INPUT, FORWARD and OUTPUT have a policy"},
      {"-N DNS\n-A OUTPUT -j DNS\n-X DNS", "3:4: the chain 'DNS' is still called by a rule"},
      {"-N DNS\n-A DNS -j DROP\n-X", "3:1: the chain 'DNS' still has rules"},
      {"-N A\n-N B\n-A A -j B\n-A OUTPUT -j A\n-A B -g A",
       "5:9: the chains call each other in a loop: A -> B -> A"},
      {"-N A\n-A A -j A\n-A OUTPUT -j A", "3:14: the chains call each other in a loop: A -> A"},
  });
}

TEST_CASE("iptables-save text is refused where iptables-restore refuses it") {
  check_all({
      {"*filter\n-A OUTPUT -j DROP\n", "1:1: the table filter has no COMMIT"},
      {"*filter\niptables -A OUTPUT -j DROP\nCOMMIT\n", "2:1: 'iptables' is out of place here"},
      {"*filter\n-t filter -A OUTPUT -j DROP\nCOMMIT\n", "2:4: -t has no place between *filter and COMMIT"},
      {"*filter\n:DNS\nCOMMIT\n", "2:5: no policy for the chain 'DNS'"},
      {"*filter\n:DNS DROP [0:0]\nCOMMIT\n", "2:6: a user chain has no policy: expected '-'"},
  });
}

TEST_CASE("a place is counted from where the text begins in its file") {
  const Location where{"lab.yaml", 12, 7};
  CHECK(refusal("-A OUTPUT -j FOO", where).starts_with("lab.yaml:12:20: no chain or target 'FOO'"));
  CHECK(refusal("# rules\n\n-A OUTPUT -p tcp \\\n  -j FOO", where).starts_with("lab.yaml:15:12: "));
}

TEST_CASE("what iptables knows and the lab has no model for is refused, never skipped") {
  check_all({
      {"-A OUTPUT -m recent --name DNS --set -j DROP",
       "1:14: unknown match 'recent'; the lab reads tcp, udp, icmp, multiport, length, statistic, state, "
       "conntrack, comment, hashlimit"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 512kb/s --hashlimit-name a -j DROP",
       "1:42: the lab's hashlimit counts packets, not bytes: '512kb/s'"},
      {"-A OUTPUT -m hashlimit --hashlimit-above 5/s --hashlimit-name a --hashlimit-rate-match -j DROP",
       "1:65: the lab has no model of --hashlimit-rate-match"},
      {"-A OUTPUT -m hashlimit --hashlimit-upto 5x/s --hashlimit-name a -j DROP",
       "1:41: '5x' is no number from 1 to 1000000 a second"},
      {"-A OUTPUT -j MARK --set-mark 1",
       "1:19: unknown option '--set-mark'; the lab reads no target 'MARK', only ACCEPT, DROP, RETURN, "
       "REJECT, LOG, "
       "NFLOG"},
      {"iptables -t nat -A POSTROUTING -j MASQUERADE",
       "1:13: the lab has the filter table only, no rules in 'nat'"},
      {"*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j DNAT\nCOMMIT\n",
       "3:1: the lab has the filter table only, no rules in 'nat'"},
      {"*raw\n:OUTPUT DROP [0:0]\nCOMMIT\n", "2:9: the lab has the filter table only, no rules in 'raw'"},
      {"-A OUTPUT -m conntrack --ctstate DNAT -j DROP",
       "1:34: the lab has no address translation, so no DNAT"},
      {"-D OUTPUT -j DROP", "1:1: -D is about earlier rules: write the rules as they are to be instead"},
      {"ip6tables -A OUTPUT -j DROP",
       "1:1: the rules of ip6tables stand under 'ip6tables', not under 'iptables'"},
      {"nft add table ip filter", "1:1: 'nft' begins no iptables command and no iptables-save line"},
  });
}
