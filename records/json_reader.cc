#include <fmt/format.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/error.hh"
#include "records/json.hh"
#include "records/text.hh"

namespace hanglab::records {

namespace {

// A scalar as it stood in the text: numbers keep their digits, because a double holds no more than 15 of
// them.
struct Scalar {
  enum class Kind { null, boolean, number, string };
  Kind kind = Kind::null;
  std::string_view text{};
  bool flag = false;
};

template <class T>
bool assign(std::optional<T> value, T& field) {
  if (!value) return false;
  field = *std::move(value);
  return true;
}

bool take(const Scalar& from, std::string& field) {
  if (from.kind != Scalar::Kind::string) return false;
  field = from.text;
  return true;
}

bool take(const Scalar& from, bool& field) {
  field = from.flag;
  return from.kind == Scalar::Kind::boolean;
}

template <std::integral Number>
bool take(const Scalar& from, Number& field) {
  const auto* end = from.text.data() + from.text.size();
  return from.kind == Scalar::Kind::number && std::from_chars(from.text.data(), end, field).ptr == end;
}

bool take(const Scalar& from, std::optional<std::size_t>& field) {
  field.reset();
  return from.kind == Scalar::Kind::null || take(from, field.emplace());
}

bool take(const Scalar& from, Duration& field) {
  return from.kind == Scalar::Kind::number && assign(parse_seconds(from.text), field);
}

bool take(const Scalar& from, Outcome& field) {
  return from.kind == Scalar::Kind::string && assign(parse_outcome(from.text), field);
}

bool take(const Scalar& from, Transport& field) {
  return from.kind == Scalar::Kind::string && assign(parse_transport(from.text), field);
}

bool take(const Scalar& from, Endpoint& field) {
  return from.kind == Scalar::Kind::string && assign(parse_endpoint(from.text), field);
}

template <class Record>
struct Field {
  std::string_view key;
  bool (*set)(Record&, const Scalar&);  // null: the value is a list
};

constexpr std::array<Field<Lookup>, 14> lookup_fields = {{
    {"scenario", [](Lookup& l, const Scalar& s) { return take(s, l.scenario); }},
    {"run", [](Lookup& l, const Scalar& s) { return take(s, l.run); }},
    {"seed", [](Lookup& l, const Scalar& s) { return take(s, l.seed); }},
    {"host", [](Lookup& l, const Scalar& s) { return take(s, l.host); }},
    {"client", [](Lookup& l, const Scalar& s) { return take(s, l.client); }},
    {"call", [](Lookup& l, const Scalar& s) { return take(s, l.call); }},
    {"name", [](Lookup& l, const Scalar& s) { return take(s, l.name); }},
    {"start_s", [](Lookup& l, const Scalar& s) { return take(s, l.start); }},
    {"duration_s", [](Lookup& l, const Scalar& s) { return take(s, l.duration); }},
    {"outcome", [](Lookup& l, const Scalar& s) { return take(s, l.outcome); }},
    {"error", [](Lookup& l, const Scalar& s) { return take(s, l.error); }},
    {"addresses", [](Lookup& l, const Scalar& s) { return take(s, l.addresses); }},
    {"censored", [](Lookup& l, const Scalar& s) { return take(s, l.censored); }},
    {"attempts", nullptr},
}};

constexpr std::array<Field<Attempt>, 9> attempt_fields = {{
    {"server", [](Attempt& a, const Scalar& s) { return take(s, a.server); }},
    {"transport", [](Attempt& a, const Scalar& s) { return take(s, a.transport); }},
    {"start_s", [](Attempt& a, const Scalar& s) { return take(s, a.start); }},
    {"end_s", [](Attempt& a, const Scalar& s) { return take(s, a.end); }},
    {"result", [](Attempt& a, const Scalar& s) { return take(s, a.result); }},
    {"bytes", [](Attempt& a, const Scalar& s) { return take(s, a.bytes); }},
    {"full_bytes", [](Attempt& a, const Scalar& s) { return take(s, a.full_bytes); }},
    {"syns", [](Attempt& a, const Scalar& s) { return take(s, a.syns); }},
    {"sends_s", nullptr},
}};

// Which field a key named last, and which keys of the object were there already.
template <class Record, std::size_t count>
class Fields {
 public:
  explicit Fields(const std::array<Field<Record>, count>& fields) : fields_(fields) {}

  void clear() { seen_ = 0; }

  std::string select(std::string_view key) {  // returns the problem, if any
    for (current_ = 0; current_ < count && fields_[current_].key != key;) ++current_;
    if (current_ == count) return fmt::format("unknown key \"{}\"", key);
    const unsigned bit = 1u << current_;
    if ((seen_ & bit) != 0) return fmt::format("key \"{}\" appears twice", key);
    seen_ |= bit;
    return {};
  }

  const Field<Record>& current() const { return fields_[current_]; }

  std::string missing() const {
    for (std::size_t i = 0; i < count; ++i)
      if ((seen_ & 1u << i) == 0) return fmt::format("key \"{}\" is missing", fields_[i].key);
    return {};
  }

 private:
  const std::array<Field<Record>, count>& fields_;
  std::size_t current_ = 0;
  unsigned seen_ = 0;
};

// Receives nlohmann::json's events. Returning false ends the parse.
class LookupReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  Lookup lookup;
  std::string problem;

  bool null() override { return scalar({}); }
  bool boolean(bool value) override { return scalar({.kind = Scalar::Kind::boolean, .flag = value}); }
  bool number_integer(number_integer_t value) override { return number(fmt::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return number(fmt::to_string(value)); }
  bool number_float(number_float_t, const string_t& digits) override { return number(digits); }
  bool string(string_t& value) override { return scalar({.kind = Scalar::Kind::string, .text = value}); }
  bool binary(binary_t&) override { return fail("binary data has no place in a record"); }

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) {
      place_ = Place::lookup;
    } else if (place_ == Place::attempts) {
      place_ = Place::attempt;
      lookup.attempts.emplace_back();
      attempt_.clear();
    } else {
      return unexpected("an object");
    }
    return true;
  }

  bool key(string_t& name) override {
    return fail(place_ == Place::attempt ? attempt_.select(name) : lookup_.select(name));
  }

  bool end_object() override {
    const bool in_attempt = place_ == Place::attempt;
    place_ = in_attempt ? Place::attempts : Place::outside;
    return fail(in_attempt ? attempt_.missing() : lookup_.missing());
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::lookup && lookup_.current().set == nullptr)
      place_ = Place::attempts;
    else if (place_ == Place::attempt && attempt_.current().set == nullptr)
      place_ = Place::sends;
    else
      return unexpected("a list");
    return true;
  }

  bool end_array() override {
    place_ = place_ == Place::sends ? Place::attempt : Place::lookup;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    return fail(error.what());
  }

 private:
  enum class Place { outside, lookup, attempts, attempt, sends };

  bool fail(std::string what) {
    problem = std::move(what);
    return problem.empty();
  }

  bool unexpected(std::string_view what) {
    switch (place_) {
      case Place::outside: return fail(fmt::format("a lookup must be an object, not {}", what));
      case Place::lookup: return fail(fmt::format("\"{}\" cannot be {}", lookup_.current().key, what));
      case Place::attempts: return fail(fmt::format("an attempt must be an object, not {}", what));
      case Place::attempt: return fail(fmt::format("\"{}\" cannot be {}", attempt_.current().key, what));
      case Place::sends: break;
    }
    return fail(fmt::format("\"sends_s\" holds times, not {}", what));
  }

  bool number(const std::string& digits) { return scalar({.kind = Scalar::Kind::number, .text = digits}); }

  bool scalar(const Scalar& value) {
    bool good = false;
    if (place_ == Place::lookup && lookup_.current().set != nullptr)
      good = lookup_.current().set(lookup, value);
    else if (place_ == Place::attempt && attempt_.current().set != nullptr)
      good = attempt_.current().set(lookup.attempts.back(), value);
    else if (place_ == Place::sends)
      good = take(value, lookup.attempts.back().sends.emplace_back());
    return good || unexpected(described(value));
  }

  static std::string described(const Scalar& value) {
    switch (value.kind) {
      case Scalar::Kind::null: return "null";
      case Scalar::Kind::boolean: return value.flag ? "true" : "false";
      case Scalar::Kind::number: return std::string(value.text);
      case Scalar::Kind::string: break;
    }
    return fmt::format("\"{}\"", value.text);
  }

  Place place_ = Place::outside;
  Fields<Lookup, lookup_fields.size()> lookup_{lookup_fields};
  Fields<Attempt, attempt_fields.size()> attempt_{attempt_fields};
};

}  // namespace

Lookup parse_json(std::string_view line) {
  LookupReader reader;
  if (!nlohmann::json::sax_parse(line, &reader)) throw InputError(reader.problem);
  return std::move(reader.lookup);
}

}  // namespace hanglab::records
