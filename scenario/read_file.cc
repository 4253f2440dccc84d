#include "scenario/read_file.hh"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace hanglab::scenario {

std::string read_file(const std::filesystem::path& file, const Location& where, const std::string& problem) {
  const auto refuse = [&](int error) { return InputError(where, problem + ": " + std::strerror(error)); };
  std::error_code ignored;  // what is_directory() cannot tell, opening will
  if (std::filesystem::is_directory(file, ignored)) throw refuse(EISDIR);
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw refuse(errno);
  std::ostringstream text;
  if (stream.peek() != std::ifstream::traits_type::eof()) text << stream.rdbuf();
  if (stream.bad() || !text) throw refuse(EIO);
  return text.str();
}

}  // namespace hanglab::scenario
