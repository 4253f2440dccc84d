// The lab's own faulty server: what each word of its options makes of an answer, and which words are none.
#include "models/servers/faulty.hh"
#include "models/servers/faulty_options.hh"
#include "tests/models/servers/recording.hh"

using namespace hanglab;
using namespace hanglab::servers;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<DnsServer> start(const std::string& options) {
  std::vector<std::string> warnings;
  auto server = make_faulty({.version = "1",
                             .options = "--local=/net/ " + options,
                             .host_file = {.text = "10.0.9.1 a.net\n", .file = "hosts"}},
                            warnings);
  server->restart(Random(1));
  return server;
}

const std::string question = "0161036e65740000010001";  // a.net, A, IN
const std::string query = "000101000001000000000000" + question;
const std::string answer = "000185800001000100000000" + question + "c00c00010001000000000004" + "0a000901";

Answer over_udp(const std::string& options, const std::string& message = query) {
  return start(options)->answer(from_hex(message), {});
}

Answer over_tcp(const std::string& options) {
  const auto server = start(options);
  return server->accept()->answer(from_hex(query), {});
}

std::string refusal(const std::string& options) {
  try {
    parse_faulty_options(options, {.file = "s.yaml", .line = 4, .column = 9});
  } catch (const InputError& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("without a fault the answer is whole, at once, by both ways") {
  CHECK(to_hex(over_udp("")) == answer);
  CHECK(to_hex(over_tcp("")) == answer);
  CHECK(over_udp("").delay == 0s);
  CHECK(over_tcp("").delay == 0s);
}

TEST_CASE("faults over UDP") {
  const Answer truncated = over_udp("--udp=truncate");
  CHECK(to_hex(truncated) == "000187800001000000000000" + question);
  CHECK(truncated.full_size == 39);
  CHECK(to_hex(over_udp("--udp=silent")) == "-");
  CHECK(to_hex(over_udp("--udp=late:3s")) == answer);
  CHECK(over_udp("--udp=late:3s").delay == 3s);
}

TEST_CASE("a question of class CHAOS is answered at once under every fault") {
  const std::string chaos = "686c000000010000000000000776657273696f6e0462696e640000100003";
  for (const auto* fault : {"--udp=silent", "--udp=truncate", "--udp=late:3s"}) {
    const Answer said = over_udp(fault, chaos);
    CHECK(to_hex(said) == "686c808400010000000000000776657273696f6e0462696e640000100003");
    CHECK(said.delay == 0s);
  }
}

TEST_CASE("faults over TCP") {
  CHECK(to_hex(over_tcp("--tcp=silent")) == "-");
  CHECK(to_hex(over_tcp("--tcp=close-after-query")) == "closed");
  CHECK(over_tcp("--tcp=late:250ms").delay == 250ms);
  CHECK(to_hex(over_tcp("--tcp=late:250ms")) == answer);
  const Answer half = over_tcp("--tcp=half");
  CHECK(to_hex(half) == "0027" + answer.substr(0, 36));  // 20 of 41 octets
  CHECK(half.raw);
  CHECK_FALSE(half.close);
  CHECK(start("--tcp=close")->tcp().refusal == TcpRefusal::close_at_once);
  CHECK(start("--tcp=reset")->tcp().refusal == TcpRefusal::reset);
  CHECK(start("--tcp=half")->tcp().refusal == TcpRefusal::none);
}

TEST_CASE("words that are none are refused where they stand") {
  CHECK(refusal("--udp=truncate --tcp=late:3s --local=/net/") == "none");
  CHECK(refusal("--tcp=shut") ==
        "s.yaml:4:9: lab option --tcp: no 'shut'; there are answer, close, close-after-query, half, reset, "
        "silent, late:TIME");
  CHECK(refusal("--udp=half") ==
        "s.yaml:4:9: lab option --udp: no 'half'; there are answer, silent, truncate, late:TIME");
  for (const auto* time : {"late:", "late:3", "late:0s", "late:-1s", "late:3601s", "late:3 s", "late:3sx"})
    CHECK(refusal("--tcp=" + std::string(time)).starts_with("s.yaml:4:9: lab option --tcp: 'late:"));
  CHECK(refusal("--dns=close") ==
        "s.yaml:4:9: lab option --dns is unknown; there are --udp=, --tcp= and --local=");
}
