// The clients that this machine can run: a probe for each resolver (probes/), and the library or program
// behind it. What is missing is named with the Debian package that brings it.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

namespace hanglab::live {

struct Client {
  std::string name;  // with the version that is here: "glibc-2.36"
  std::filesystem::path program;
};

// The machine's client of the same software as `wanted` ("glibc-2.28"), or why there is none: "musl-1.2.3 is
// not here; the package musl-tools brings it …".
std::variant<Client, std::string> find_client(const std::string& wanted, const std::filesystem::path& probes);

// Whether the C library finds the module of a name service: "myhostname". It is glibc's, and so of the
// programs that sit on it.
bool uses_name_service_switch(const std::string& client);
bool has_name_service(const std::string& service);

// Where the probes of this program lie: built beside it, or installed in libexec.
std::filesystem::path probes_folder();

}  // namespace hanglab::live
