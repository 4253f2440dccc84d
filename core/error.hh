// The lab's exceptions. They mean "cannot go on" and are caught once, in main. Outcomes of a
// lookup are values, never exceptions.
#pragma once

#include <stdexcept>
#include <string>

namespace hanglab {

// Where a problem stands in what the user gave us. Line and column count from 1; 0 is unknown.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;

  std::string to_string() const;
};

// Something the lab cannot do: exit status 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the user gave cannot be used: reads `file:line:column: problem`, exit status 2.
class InputError : public Error {
 public:
  InputError(const Location& where, const std::string& problem);
  explicit InputError(const std::string& problem) : Error(problem) {}
};

}  // namespace hanglab
