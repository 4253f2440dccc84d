// Whole lookups of glibc's model against a server of the test's own.
#include "sockets/lookup_player.hh"

#include <map>
#include <thread>

#include "core/big_endian.hh"
#include "tests/sockets/loopback.hh"

using namespace hanglab;
using namespace hanglab::sockets;
using namespace std::chrono_literals;

namespace {

// The question with flags in place of the query's, and one address behind it.
dns::Bytes answer_to(const dns::Bytes& query, std::uint16_t flags, bool with_address) {
  dns::Bytes message = query;
  message[2] = static_cast<std::uint8_t>(flags >> 8);
  message[3] = static_cast<std::uint8_t>(flags);
  if (!with_address) return message;
  message[7] = 1;
  const dns::Bytes record{0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 1, 2, 3};
  message.insert(message.end(), record.begin(), record.end());
  return message;
}

constexpr std::uint16_t response = dns::flag_qr | dns::flag_rd | dns::flag_ra;

// Answers datagrams in a thread of its own until it is destroyed.
class Server {
 public:
  using Reply = std::function<std::optional<dns::Bytes>(const dns::Bytes& query)>;

  explicit Server(Reply reply, const IpAddress& address = loopback)
      : socket_(SOCK_DGRAM, address), thread_([this, reply = std::move(reply)](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            const auto query = socket_.receive();
            if (!query) {
              std::this_thread::sleep_for(100us);
              continue;
            }
            askers_.push_back(query->from);
            if (const auto message = reply(query->bytes)) socket_.send(*message, query->from);
          }
        }) {}

  Endpoint endpoint() const { return socket_.endpoint(); }
  // Ends it, and tells who has asked, in that order.
  const std::vector<Endpoint>& askers() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return askers_;
  }

 private:
  OwnSocket socket_;
  std::vector<Endpoint> askers_;
  std::jthread thread_;
};

struct Played {
  std::vector<PlayedLookup> lookups;
  bool complete = false;
};

Played play(
    const Endpoint& server, PlayOptions options, const Workload& workload,
    const LookupPlayer::Stop& stop = [] { return false; }) {
  LookupPlayer player(
      {.server = server,
       .resolv_conf_text = "nameserver " + to_string(server.address) + "\noptions timeout:1 attempts:1\n",
       .nsswitch = kernel::parse_nss_hosts("files dns", {})},
      std::move(options));
  Played played;
  std::size_t next = 0;
  played.complete = player.play(
      [&]() -> std::optional<DueLookup> {
        if (next == workload.size()) return {};
        const PlannedLookup& plan = workload[next++];
        return DueLookup{.plan = &plan, .due = plan.at};
      },
      [&](PlayedLookup& lookup) { played.lookups.push_back(std::move(lookup)); }, stop);
  return played;
}

PlannedLookup lookup(std::string name, Duration at = {}) {
  return {.host = "10.0.0.1",
          .client = "glibc-2.36",
          .call = "getaddrinfo",
          .name = std::move(name),
          .family = Family::inet,
          .at = at};
}

}  // namespace

TEST_CASE("Lookups begin at their times and are answered") {
  const Server server([](const dns::Bytes& query) { return answer_to(query, response, true); });
  Workload workload;
  for (int i = 0; i < 100; ++i) workload.push_back(lookup("h" + std::to_string(i) + ".example", i * 2ms));
  const auto played =
      play(server.endpoint(), {.scenario = "test", .give_up = 10s, .most_at_once = 1000}, workload);
  CHECK(played.complete);
  REQUIRE(played.lookups.size() == 100);
  for (const PlayedLookup& one : played.lookups) {
    CHECK(one.record.outcome == Outcome::answered);
    CHECK(one.record.addresses == 1);
    CHECK(one.late >= 0ns);
    CHECK(one.record.start == one.plan->at + one.late);
    REQUIRE(one.record.attempts.size() == 1);
    CHECK(one.record.attempts[0].server == server.endpoint());  // where it is, not where glibc believes it
    CHECK(one.record.attempts[0].sends.size() == 1);
  }
}

TEST_CASE("A truncated answer leads to TCP, which is refused here") {
  const Server server(
      [](const dns::Bytes& query) { return answer_to(query, response | dns::flag_tc, false); });
  const auto played = play(server.endpoint(), {.give_up = 10s, .traces = true}, {lookup("large.example")});
  REQUIRE(played.lookups.size() == 1);
  const Lookup& record = played.lookups[0].record;
  CHECK(record.outcome == Outcome::failed);
  CHECK(record.error == "EAI_AGAIN");
  REQUIRE(record.attempts.size() == 2);
  CHECK(record.attempts[0].result == "truncated");
  CHECK(record.attempts[1].transport == Transport::tcp);
  CHECK(record.attempts[1].result == "connect ECONNREFUSED");
  CHECK(record.attempts[1].syns == 1);
  CHECK(played.lookups[0].trace.find("ECONNREFUSED") != std::string::npos);
}

TEST_CASE("A silent server costs the resolver's own timeout") {
  const Server server([](const dns::Bytes&) { return std::nullopt; });
  const auto played = play(server.endpoint(), {.give_up = 10s}, {lookup("a.example")});
  REQUIRE(played.lookups.size() == 1);
  CHECK(played.lookups[0].record.error == "EAI_AGAIN");
  CHECK(played.lookups[0].record.duration >= 1s);
  CHECK(played.lookups[0].record.attempts[0].result == "timeout");
}

TEST_CASE("Who still waits when observation ends is hung, and so is who waits when the play is stopped") {
  const Server server([](const dns::Bytes&) { return std::nullopt; });
  const auto given_up = play(server.endpoint(), {.give_up = 200ms}, {lookup("a.example")});
  CHECK(given_up.complete);
  REQUIRE(given_up.lookups.size() == 1);
  CHECK(given_up.lookups[0].record.outcome == Outcome::hung);
  CHECK(given_up.lookups[0].record.censored);
  CHECK(given_up.lookups[0].record.duration >= 200ms);

  int asked = 0;
  const auto stopped =
      play(server.endpoint(), {.give_up = 10s, .most_at_once = 2},
           {lookup("a.example"), lookup("b.example"), lookup("c.example")}, [&] { return ++asked == 2; });
  CHECK(!stopped.complete);
  CHECK(stopped.lookups.size() == 2);  // the third had not begun
  for (const PlayedLookup& one : stopped.lookups) CHECK(one.record.outcome == Outcome::hung);
}

TEST_CASE("No more than so many are at work at once, and all have their turn") {
  const Server server([](const dns::Bytes& query) { return answer_to(query, response, true); });
  Workload workload;
  for (int i = 0; i < 200; ++i) workload.push_back(lookup("h" + std::to_string(i) + ".example"));
  const auto played = play(server.endpoint(), {.give_up = 10s, .most_at_once = 1}, workload);
  REQUIRE(played.lookups.size() == 200);
  for (std::size_t i = 1; i < 200; ++i)
    CHECK(played.lookups[i].began >= played.lookups[i - 1].began + played.lookups[i - 1].record.duration);
}

TEST_CASE("A kept port comes again after 2,000 others, not before and not much later") {
  Server server([](const dns::Bytes& query) { return answer_to(query, response, true); });
  Workload workload;
  for (int i = 0; i < 4500; ++i) workload.push_back(lookup("h" + std::to_string(i) + ".example"));
  const auto played =
      play(server.endpoint(), {.give_up = 10s, .most_at_once = 1, .keep_ports = true}, workload);
  REQUIRE(played.lookups.size() == 4500);
  for (const PlayedLookup& one : played.lookups) {
    CHECK(one.record.outcome == Outcome::answered);
    CHECK(one.record.attempts.size() == 1);
  }
  const auto& askers = server.askers();
  REQUIRE(askers.size() == 4500);
  std::map<Endpoint, std::size_t> last;
  std::size_t again = 0;
  for (std::size_t i = 0; i < askers.size(); ++i) {
    if (const auto before = last.find(askers[i]); before != last.end()) {
      ++again;
      CHECK(i - before->second >= 2000);
      CHECK(i - before->second < 2010);  // some are not yet known to be clean when they could be used
    }
    last[askers[i]] = i;
  }
  CHECK(again > 2450);
}

TEST_CASE("Over IPv6 lookups are the same: answered, truncated and asked for over TCP, or refused") {
  const Server server([](const dns::Bytes& query) { return answer_to(query, response, true); }, loopback6);
  Workload workload;
  for (int i = 0; i < 100; ++i) workload.push_back(lookup("h" + std::to_string(i) + ".example", i * 1ms));
  const auto played = play(server.endpoint(), {.give_up = 10s, .most_at_once = 1000}, workload);
  REQUIRE(played.lookups.size() == 100);
  for (const PlayedLookup& one : played.lookups) {
    CHECK(one.record.addresses == 1);
    REQUIRE(one.record.attempts.size() == 1);
    CHECK(one.record.attempts[0].server == server.endpoint());
  }

  const Server truncating(
      [](const dns::Bytes& query) { return answer_to(query, response | dns::flag_tc, false); }, loopback6);
  const auto truncated = play(truncating.endpoint(), {.give_up = 10s}, {lookup("large.example")});
  REQUIRE(truncated.lookups.size() == 1);
  REQUIRE(truncated.lookups[0].record.attempts.size() == 2);
  CHECK(truncated.lookups[0].record.attempts[1].result == "connect ECONNREFUSED");

  Endpoint nobody;
  {
    const OwnSocket gone(SOCK_DGRAM, loopback6);
    nobody = gone.endpoint();
  }
  const auto refused = play(nobody, {.give_up = 10s}, {lookup("a.example")});
  REQUIRE(refused.lookups.size() == 1);
  CHECK(refused.lookups[0].record.error == "EAI_AGAIN");
  CHECK(refused.lookups[0].record.duration < 500ms);  // the ICMPv6 error is heard, and no timeout waited for
}
