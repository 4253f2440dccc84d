// The options of dnsmasq that dnsmasq_options.hh reads, and what each does there. An option that stands
// in the table without a deed changes no answer of this model.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hh"
#include "models/servers/dnsmasq_options.hh"

namespace hanglab::servers {

enum class Value { none, optional, required };

struct Option {
  std::string_view name;
  char letter = 0;
  Value value = Value::none;
  void (*apply)(DnsmasqOptions&, const std::string& value) = nullptr;  // null: changes no answer here
  bool unknown_to_2_79 = false;
};

// What is wrong with a value; the caller knows which option and where.
class BadValue : public Error {
 public:
  using Error::Error;
};

// Nullptr: not in the table. Options without a letter have none that could be asked for.
const Option* find_option(std::string_view name);
const Option* find_option(char letter);

}  // namespace hanglab::servers
