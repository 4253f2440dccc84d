#include "core/error.hh"

namespace hanglab {

std::string Location::to_string() const {
  std::string text = file;
  if (line > 0) text += ':' + std::to_string(line);
  if (line > 0 && column > 0) text += ':' + std::to_string(column);
  return text;
}

InputError::InputError(const Location& where, const std::string& problem)
    : Error(where.to_string() + ": " + problem) {}

}  // namespace hanglab
