#include "live/clients.hh"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string_view>

namespace hanglab::live {

namespace fs = std::filesystem;

namespace {

struct Probe {
  std::string_view software;
  std::string_view program;
  std::string_view package;
  bool compiled;  // by what the package brings: the lab has to be built again
};

constexpr std::array<Probe, 8> known{{
    {"cares", "cares_probe", "libc-ares-dev", true},
    {"dig", "dig_probe", "bind9-dnsutils", false},
    {"dnspython", "dnspython_probe.py", "python3-dnspython", false},
    {"glibc", "glibc_probe", "gcc", true},
    {"go", "go_probe", "golang-go", true},
    {"musl", "musl_probe", "musl-tools", true},
    {"node", "node_probe.js", "nodejs", false},
    {"python", "python_probe.py", "python3", false},
}};

// The client's name as the probe prints it; empty where it cannot.
std::string ask_for_name(const fs::path& program) {
  const std::string command = fmt::format("'{}' --version 2>/dev/null", program.string());
  const std::unique_ptr<FILE, int (*)(FILE*)> said(popen(command.c_str(), "r"), pclose);
  std::array<char, 64> line{};
  if (!said || std::fgets(line.data(), line.size(), said.get()) == nullptr) return {};
  std::string name = line.data();
  while (name.ends_with('\n')) name.pop_back();
  return name;
}

// Asked once: an atlas has many lookups by one client, and its program stays the same meanwhile.
const std::string& name_from(const fs::path& program) {
  static std::map<fs::path, std::string> names;
  const auto [known_name, is_new] = names.try_emplace(program);
  if (is_new) known_name->second = ask_for_name(program);
  return known_name->second;
}

}  // namespace

bool uses_name_service_switch(const std::string& client) {
  return client.starts_with("glibc-") || client.starts_with("python-");
}

// nss/nss_module.c: the modules are libnss_SERVICE.so.2.
bool has_name_service(const std::string& service) {
  void* module = dlopen(fmt::format("libnss_{}.so.2", service).c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (module == nullptr) return false;
  dlclose(module);
  return true;
}

fs::path probes_folder() {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  const fs::path built = here.parent_path() / "probes";
  return fs::exists(built) ? built : here.parent_path() / "libexec" / "hanglab";
}

std::variant<Client, std::string> find_client(const std::string& wanted, const fs::path& probes) {
  const std::string software = wanted.substr(0, wanted.find('-'));
  for (const Probe& probe : known) {
    if (probe.software != software) continue;
    const fs::path program = probes / probe.program;
    if (fs::exists(program))
      if (const std::string& name = name_from(program); !name.empty())
        return Client{.name = name, .program = program};
    return fmt::format("{} is not here; the package {} brings it{}", wanted, probe.package,
                       probe.compiled ? ", then build the lab again" : "");
  }
  return fmt::format("no program makes the lookups of {}", wanted);
}

}  // namespace hanglab::live
