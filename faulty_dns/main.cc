// hanglab-faulty-dns HOST-FILE OPTIONS ADDRESS...: the DNS server that scenarios call `lab 1`.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "core/error.hh"
#include "faulty_dns/server_loop.hh"
#include "models/servers/faulty.hh"

using namespace hanglab;

namespace {

void run(const std::vector<std::string>& words) {
  if (words.size() < 3) throw InputError("usage: hanglab-faulty-dns HOST-FILE OPTIONS ADDRESS...");
  std::ifstream in(words[0]);
  if (!in) throw InputError("cannot read " + words[0]);
  std::ostringstream text;
  text << in.rdbuf();
  std::vector<IpAddress> addresses;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto address = parse_ip(words[i]);
    if (!address) throw InputError("bad address '" + words[i] + "'");
    addresses.push_back(*address);
  }
  std::vector<std::string> warnings;
  const auto server = servers::make_faulty(
      {.version = "1", .options = words[1], .at = {}, .host_file = {.text = text.str(), .file = words[0]}},
      warnings);
  server->restart(Random(static_cast<std::uint64_t>(getpid())));
  faulty_dns::serve(*server, addresses);
}

}  // namespace

int main(int count, char** words) try { run({words + 1, words + count}); } catch (const InputError& error) {
  std::fprintf(stderr, "hanglab-faulty-dns: %s\n", error.what());
  return 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "hanglab-faulty-dns: %s\n", error.what());
  return 1;
}
