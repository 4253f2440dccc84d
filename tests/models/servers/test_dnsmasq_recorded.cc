// What real dnsmasq servers said, message by message, against the model. Each file of tests/captures
// is one server from its start: its version, options and host file, then queries in order.
#include "models/servers/dnsmasq.hh"
#include "tests/models/servers/recording.hh"

using namespace hanglab;
using namespace hanglab::servers;
using namespace hanglab::tests;

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

TEST_CASE("the model answers byte for byte as the recorded dnsmasq did, and again after a restart") {
  const auto [name, exchanges] = GENERATE(table<std::string, std::size_t>({
      {"dnsmasq-2.90-incident.txt", 49},
      {"dnsmasq-2.90-mixed.txt", 128},
      {"dnsmasq-2.90-dig.txt", 11},
      {"dnsmasq-2.79-incident.txt", 48},
      {"dnsmasq-2.79-mixed.txt", 123},
  }));
  INFO(name);
  auto recording = read_recording(name);
  CHECK(recording.exchanges.size() == exchanges);
  std::vector<std::string> warnings;
  const auto server = make_dnsmasq({.version = first_line(recording.setup["version"]),
                                    .options = first_line(recording.setup["options"]),
                                    .host_file = {.text = recording.setup["host"], .file = name}},
                                   warnings);
  replay(recording, *server);
  server->restart(Random(1));
  replay(recording, *server);
}
