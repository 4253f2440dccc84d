#include "records/codec.hh"

#include <fmt/format.h>

#include <cstring>
#include <type_traits>

#include "core/error.hh"

namespace hanglab::records {

namespace {

enum class Kind : std::uint8_t { lookups = 'L', packets = 'P' };

// The form of each type is stated once, by its visit(): the Writer and the Reader both go through it.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(const T& value, T = {}) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void operator()(const Duration& time) { (*this)(time.count()); }
  void operator()(const std::string& text) {
    (*this)(text.size());
    out_ += text;
  }
  void operator()(const IpAddress& address) {
    (*this)(is_ipv6(address));
    if (const auto* const v6 = std::get_if<Ipv6Address>(&address))
      out_.append(reinterpret_cast<const char*>(v6->bytes.data()), v6->bytes.size());
    else
      (*this)(ipv4_of(address).value);
  }
  template <class T>
  void operator()(const std::optional<T>& value) {
    (*this)(value.has_value());
    if (value) (*this)(*value);
  }
  template <class T>
  void operator()(const std::vector<T>& values);

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(T& value) { std::memcpy(&value, take(sizeof value), sizeof value); }
  void operator()(bool& value) {
    std::uint8_t byte = 0;
    (*this)(byte);
    if (byte > 1) refuse("a flag that is neither true nor false");
    value = byte == 1;
  }
  // `last` is the greatest value that the type names.
  template <class T>
  requires std::is_enum_v<T>
  void operator()(T& value, T last) {
    std::underlying_type_t<T> number{};
    (*this)(number);
    if (number < 0 || number > static_cast<std::underlying_type_t<T>>(last))
      refuse("a value that its type does not name");
    value = static_cast<T>(number);
  }
  void operator()(Duration& time) {
    Duration::rep nanoseconds{};
    (*this)(nanoseconds);
    time = Duration(nanoseconds);
  }
  void operator()(std::string& text) {
    std::size_t length = 0;
    (*this)(length);
    text.assign(take(length), length);
  }
  void operator()(IpAddress& address) {
    bool v6 = false;
    (*this)(v6);
    if (v6) {
      auto& bytes = address.emplace<Ipv6Address>().bytes;
      std::memcpy(bytes.data(), take(bytes.size()), bytes.size());
    } else {
      (*this)(address.emplace<Ipv4Address>().value);
    }
  }
  template <class T>
  void operator()(std::optional<T>& value) {
    bool there = false;
    (*this)(there);
    if (there) (*this)(value.emplace());
  }
  template <class T>
  void operator()(std::vector<T>& values);

  void finish() const {
    if (at_ != bytes_.size()) refuse("bytes after its end");
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(fmt::format("a worker's message holds {} at byte {} of {}", what, at_, bytes_.size()));
  }

 private:
  const char* take(std::size_t count) {
    if (count > bytes_.size() - at_) refuse("a length beyond its end");
    const char* const taken = bytes_.data() + at_;
    at_ += count;
    return taken;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

template <class Value, class Plain>
concept is = std::is_same_v<std::remove_const_t<Value>, Plain>;

void visit(auto& io, is<Endpoint> auto& endpoint) {
  io(endpoint.address);
  io(endpoint.port);
}

void visit(auto& io, is<Attempt> auto& attempt) {
  visit(io, attempt.server);
  io(attempt.transport, Transport::tcp);
  io(attempt.start);
  io(attempt.end);
  io(attempt.result);
  io(attempt.bytes);
  io(attempt.full_bytes);
  io(attempt.syns);
  io(attempt.sends);
}

void visit(auto& io, is<Lookup> auto& lookup) {
  io(lookup.scenario);
  io(lookup.run);
  io(lookup.seed);
  io(lookup.host);
  io(lookup.client);
  io(lookup.call);
  io(lookup.name);
  io(lookup.start);
  io(lookup.duration);
  io(lookup.outcome, Outcome::hung);
  io(lookup.error);
  io(lookup.addresses);
  io(lookup.censored);
  io(lookup.attempts);
}

void visit(auto& io, is<PacketEvent> auto& packet) {
  io(packet.at);
  io(packet.host);
  io(packet.interface);
  io(packet.direction, Direction::out);
  io(packet.bytes);
}

template <class T>
constexpr bool is_record =
    std::is_same_v<T, Attempt> || std::is_same_v<T, Lookup> || std::is_same_v<T, PacketEvent>;

// What a list of Durations or octets is in memory is what it is on the pipe.
template <class T>
void Writer::operator()(const std::vector<T>& values) {
  (*this)(values.size());
  if constexpr (is_record<T>)
    for (const auto& value : values) visit(*this, value);
  else
    out_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

template <class T>
void Reader::operator()(std::vector<T>& values) {
  std::size_t count = 0;
  (*this)(count);
  // Every element takes a byte at least: a count beyond that is a lie, and is not believed with memory.
  if (count > (bytes_.size() - at_) / (is_record<T> ? 1 : sizeof(T))) refuse("a count beyond its end");
  if constexpr (is_record<T>) {
    values.clear();
    for (std::size_t i = 0; i < count; ++i) visit(*this, values.emplace_back());
  } else {
    values.resize(count);
    const char* const from = take(count * sizeof(T));
    if (count != 0) std::memcpy(values.data(), from, count * sizeof(T));
  }
}

template <class T>
std::string encode_list(Kind kind, std::span<const T> values) {
  std::string out;
  Writer write(out);
  write(kind);
  write(values.size());
  for (const auto& value : values) visit(write, value);
  return out;
}

template <class T>
std::vector<T> decode_list(Kind expected, std::string_view bytes) {
  Reader read(bytes);
  std::uint8_t kind = 0;
  read(kind);
  if (kind != static_cast<std::uint8_t>(expected)) read.refuse("another kind of record");
  std::vector<T> values;
  read(values);
  read.finish();
  return values;
}

}  // namespace

std::string encode(std::span<const Lookup> lookups) { return encode_list(Kind::lookups, lookups); }
std::string encode(std::span<const PacketEvent> packets) { return encode_list(Kind::packets, packets); }

std::vector<Lookup> decode_lookups(std::string_view bytes) {
  return decode_list<Lookup>(Kind::lookups, bytes);
}
std::vector<PacketEvent> decode_packets(std::string_view bytes) {
  return decode_list<PacketEvent>(Kind::packets, bytes);
}

}  // namespace hanglab::records
