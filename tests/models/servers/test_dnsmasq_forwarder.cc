// dnsmasq that forwards: what it asks upstream and what it makes of the answers, against a real one message
// by message, and the rules by which it chooses whom to ask.
#include "models/servers/dnsmasq.hh"
#include "models/servers/dnsmasq_upstream.hh"
#include "tests/models/servers/recording.hh"
#include "tests/models/servers/scripted_upstream.hh"

using namespace hanglab;
using namespace hanglab::servers;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

const Client client{.from = {Ipv4Address{0x7f000001}, 40000}, .to = Ipv4Address{0x7f000001}};
const Ipv4Address first_server{.value = 0x7f000002};
const Ipv4Address second_server{.value = 0x7f000003};

std::unique_ptr<DnsServer> start(const std::string& options, const std::string& hosts = {}) {
  std::vector<std::string> warnings;
  auto server = make_dnsmasq({.version = "2.90",
                              .options = "--no-resolv --no-hosts " + options,
                              .host_file = {.text = hosts, .file = "hosts"}},
                             warnings);
  server->restart(Random(1));
  return server;
}

dns::Bytes ask_for(const std::string& name, std::uint16_t id = 1) {
  return dns::encode_query(id, {.name = name});
}

// "SERVFAIL" and so on to that question, as a server says it that found nothing.
std::string said(const std::string& name, dns::Rcode rcode) {
  dns::Bytes answer = ask_for(name, 0);
  answer[2] |= 0x80;
  answer[3] = static_cast<std::uint8_t>(0x80 | rcode);
  return to_hex({.message = answer});
}

std::string asked(const std::string& name) { return to_hex({.message = ask_for(name, 0)}); }

// A dnsmasq, its kernel, and its answers to UDP as "RCODE" or "-".
class Forwarder {
 public:
  explicit Forwarder(const std::string& options, const std::string& hosts = {})
      : server_(start(options, hosts)),
        forwarding_(server_->forwarding(kernel, [this](const Client& to, const dns::Bytes& message) {
          delivered.push_back(message);
          clients.push_back(to);
        })) {}

  void ask(const dns::Bytes& query, const Client& from = client) {
    const auto answer = server_->answer(query, kernel.clock);
    if (!answer.open) {
      delivered.push_back(answer.message);
      clients.push_back(from);
      return;
    }
    auto task = forwarding_->forward(query, from);
    task.start();
    kernel.pump();
    REQUIRE(task.done());
  }

  dns::Rcode last_rcode() const { return dns::decode_header(delivered.back())->rcode(); }

  ScriptedUpstream kernel;
  std::vector<dns::Bytes> delivered;
  std::vector<Client> clients;

 private:
  std::unique_ptr<DnsServer> server_;
  std::unique_ptr<Forwarding> forwarding_;
};

std::vector<Ipv4Address> asked_servers(Forwarder& forwarder) {
  std::vector<Ipv4Address> addresses;
  for (const auto& to : forwarder.kernel.sent_to) addresses.push_back(ipv4_of(to.address));
  forwarder.kernel.sent_to.clear();
  return addresses;
}

const std::vector<Ipv4Address> both{first_server, second_server};
const std::string two_servers = "--server=127.0.0.2 --server=127.0.0.3";

}  // namespace

TEST_CASE("a forwarder asks and answers octet by octet as the recorded one did, and again after a restart") {
  const auto recording = read_recording("dnsmasq-2.90-forwarder.txt");
  CHECK(recording.exchanges.size() == 84);
  auto setup = recording.setup;
  const auto line = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  std::vector<std::string> warnings;
  const auto server = make_dnsmasq({.version = line(setup["version"]),
                                    .options = line(setup["options"]),
                                    .host_file = {.text = setup["host"], .file = "hosts"}},
                                   warnings);
  for (const int round : {1, 2}) {
    server->restart(Random(static_cast<std::uint64_t>(round)));
    ScriptedUpstream kernel;
    std::string delivered;
    const auto forwarding = server->forwarding(
        kernel, [&](const Client&, const dns::Bytes& message) { delivered = to_hex({.message = message}); });
    std::unique_ptr<TcpSession> session;
    for (const auto& exchange : recording.exchanges) {
      INFO("line " << exchange.line << ": " << exchange.kind << ' ' << exchange.query);
      kernel.clock = exchange.at;
      if (exchange.kind == "up") {
        kernel.script.push_back({exchange.query, exchange.answer});
        continue;
      }
      if (exchange.kind == "connect") {
        session.reset();
        session = server->accept();
        continue;
      }
      const auto query = from_hex(exchange.query);
      const bool tcp = exchange.kind == "tcp";
      auto answer = tcp ? session->answer(query, exchange.at) : server->answer(query, exchange.at);
      delivered = to_hex(answer);
      if (answer.open && tcp) {
        auto task = session->forward(kernel, query);
        task.start();
        kernel.pump();
        REQUIRE(task.done());
        delivered = to_hex(task.result());
      } else if (answer.open) {
        auto task = forwarding->forward(query, client);
        task.start();
        kernel.pump();
        REQUIRE(task.done());
      }
      CHECK(kernel.script.empty());
      CHECK(delivered == exchange.answer);
    }
  }
}

TEST_CASE("the most particular domain decides, and a server goes before --local of the same domain") {
  DnsmasqOptions options;
  options.servers = {{.domain = "", .address = first_server},
                     {.domain = "b.example", .address = second_server},
                     {.domain = "", .address = second_server}};
  options.local = {"a.b.example", "b.example", "example"};
  const UpstreamGroups groups(options);
  const auto group = [&](const char* name) { return groups[*groups.group_of(name)]; };
  CHECK(group("x.org").servers == both);
  CHECK(group("x.b.example").servers == std::vector{second_server});
  CHECK(group("a.b.example").servers.empty());
  CHECK(group("cb.example").domain == "example");
}

TEST_CASE("all servers are asked at first, after 20 s and after 50 questions; else the one that answered") {
  GroupMemory memory;
  CHECK(memory.ask_all(100));
  CHECK(memory.ask_all(100));  // nobody has answered yet
  memory.answered(1, false);
  CHECK_FALSE(memory.ask_all(120));
  CHECK(memory.ask_all(121));
  for (int i = 0; i < 51; ++i) CHECK_FALSE(memory.ask_all(121));
  CHECK(memory.ask_all(121));
  memory.answered(1, true);  // REFUSED: not that one any more
  CHECK(memory.last_answered == std::nullopt);
}

TEST_CASE("the second of two servers answers first and is asked alone from then on") {
  Forwarder forwarder(two_servers);
  forwarder.kernel.script = {{asked("a.org"), "-"}, {asked("a.org"), said("a.org", dns::nxdomain)}};
  forwarder.ask(ask_for("a.org"));
  CHECK(asked_servers(forwarder) == both);
  CHECK(forwarder.last_rcode() == dns::nxdomain);
  forwarder.kernel.script = {{asked("b.org"), said("b.org", dns::noerror)}};
  forwarder.ask(ask_for("b.org"));
  CHECK(asked_servers(forwarder) == std::vector{second_server});
  // SERVFAIL of the one that is asked alone makes dnsmasq ask all, and then counts.
  forwarder.kernel.script = {{asked("c.org"), said("c.org", dns::servfail)},
                             {asked("c.org"), said("c.org", dns::noerror)},
                             {asked("c.org"), "-"}};
  forwarder.ask(ask_for("c.org"));
  CHECK(asked_servers(forwarder) == std::vector{second_server, first_server, second_server});
  CHECK(forwarder.last_rcode() == dns::noerror);
}

TEST_CASE("of two REFUSED the last is passed on, of SERVFAIL the first") {
  const auto [rcode, other, result] =
      GENERATE(table<dns::Rcode, dns::Rcode, dns::Rcode>({{dns::refused, dns::refused, dns::refused},
                                                          {dns::refused, dns::noerror, dns::noerror},
                                                          {dns::servfail, dns::noerror, dns::servfail}}));
  Forwarder forwarder(two_servers);
  forwarder.kernel.script = {{asked("a.org"), said("a.org", rcode)}, {asked("a.org"), said("a.org", other)}};
  forwarder.ask(ask_for("a.org"));
  REQUIRE(forwarder.delivered.size() == 1);
  CHECK(forwarder.last_rcode() == result);
}

TEST_CASE("--strict-order asks the first server, goes on after REFUSED, and at the end says nothing") {
  Forwarder forwarder(two_servers + " --strict-order");
  forwarder.kernel.script = {{asked("a.org"), said("a.org", dns::refused)},
                             {asked("a.org"), said("a.org", dns::refused)}};
  forwarder.ask(ask_for("a.org"));
  CHECK(asked_servers(forwarder) == both);
  CHECK(forwarder.delivered.empty());
}

TEST_CASE(
    "a client that asks again is heard upstream at once, another one after 2 s, and all get the answer") {
  Forwarder forwarder("--server=127.0.0.2");
  const Client other{.from = {Ipv4Address{0x7f000001}, 40001}, .to = client.to};
  const Client third{.from = {Ipv4Address{0x7f000001}, 40002}, .to = client.to};
  forwarder.ask(ask_for("a.org"));
  CHECK(asked_servers(forwarder).size() == 1);
  forwarder.ask(ask_for("a.org"));
  CHECK(asked_servers(forwarder).size() == 1);
  forwarder.ask(ask_for("a.org", 2), other);
  CHECK(asked_servers(forwarder).empty());
  forwarder.kernel.clock += 2s;
  forwarder.kernel.script = {{asked("a.org"), said("a.org", dns::noerror)}};
  forwarder.ask(ask_for("a.org", 3), third);
  CHECK(asked_servers(forwarder).size() == 1);
  REQUIRE(forwarder.clients == std::vector{client, third, other});
  CHECK(dns::decode_header(forwarder.delivered[0])->id == 1);
  CHECK(dns::decode_header(forwarder.delivered[1])->id == 3);
  CHECK(dns::decode_header(forwarder.delivered[2])->id == 2);
}

TEST_CASE("as many questions as --dns-forward-max are open for 10 s; a further one is REFUSED") {
  Forwarder forwarder("--server=127.0.0.2 --dns-forward-max=2");
  forwarder.ask(ask_for("a.org"));
  forwarder.ask(ask_for("b.org"));
  CHECK(forwarder.delivered.empty());
  forwarder.ask(ask_for("c.org"));
  REQUIRE(forwarder.delivered.size() == 1);
  CHECK(forwarder.last_rcode() == dns::refused);
  forwarder.kernel.clock += 10s;
  forwarder.ask(ask_for("c.org"));
  CHECK(forwarder.delivered.size() == 1);
}
