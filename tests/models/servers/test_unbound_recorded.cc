// What real unbound servers said, message by message, against the model. Each file of tests/captures is
// one unbound 1.17.1 of Debian 12 from its start: its configuration, then queries in order.
#include "models/servers/unbound.hh"
#include "tests/models/servers/recording.hh"

using namespace hanglab;
using namespace hanglab::servers;
using namespace hanglab::tests;

TEST_CASE("the model answers byte for byte as the recorded unbound did") {
  const auto [name, exchanges] = GENERATE(table<std::string, std::size_t>({
      {"unbound-1.17-defaults.txt", 361},
      {"unbound-1.17-options.txt", 123},
  }));
  INFO(name);
  auto recording = read_recording(name);
  CHECK(recording.exchanges.size() == exchanges);
  const auto server =
      make_unbound({.version = "1.17",
                    .config = {{.text = recording.setup["config"], .where = {.file = name, .line = 1}}}});
  replay(recording, *server);
}
