#include "models/linux/tcp_segment.hh"

#include "core/big_endian.hh"
#include "core/internet_checksum.hh"

namespace hanglab::kernel {

namespace {

enum Option : std::uint8_t {
  end_of_options = 0,
  no_operation = 1,
  mss = 2,
  window_scale = 3,
  sack_permitted = 4,
  sack = 5,
  timestamps = 8,
  fast_open_cookie = 34,
  experiment = 254
};
enum FlagBit : std::uint8_t {
  fin_bit = 0x01,
  syn_bit = 0x02,
  rst_bit = 0x04,
  psh_bit = 0x08,
  ack_bit = 0x10
};

constexpr std::size_t header_size = 20;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint16_t fast_open_experiment = 0xf989;  // RFC 6994's identifier, of IANA's registry

using Bytes = std::vector<std::uint8_t>;

void put16(Bytes& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put32(Bytes& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

void put8(Bytes& out, std::initializer_list<std::uint8_t> values) {
  for (const std::uint8_t value : values) out.push_back(value);
}

// In the order and with the padding of tcp_options_write() in Linux net/ipv4/tcp_output.c.
void put_options(Bytes& out, const TcpSegment& segment) {
  if (segment.mss) {
    put8(out, {mss, 4});
    put16(out, *segment.mss);
  }
  if (segment.timestamps) {
    if (segment.sack_permitted)
      put8(out, {sack_permitted, 2, timestamps, 10});
    else
      put8(out, {no_operation, no_operation, timestamps, 10});
    put32(out, segment.timestamps->value);
    put32(out, segment.timestamps->echo);
  } else if (segment.sack_permitted) {
    put8(out, {no_operation, no_operation, sack_permitted, 2});
  }
  if (segment.window_scale) put8(out, {no_operation, window_scale, 3, *segment.window_scale});
  if (segment.sack_count > 0) {
    const auto size = static_cast<std::uint8_t>(2 + 8 * segment.sack_count);
    put8(out, {no_operation, no_operation, sack, size});
    for (std::size_t i = 0; i < segment.sack_count; ++i) {
      put32(out, segment.sack[i].begin);
      put32(out, segment.sack[i].end);
    }
  }
  if (segment.cookie_request == CookieRequest::standard)
    put8(out, {fast_open_cookie, 2, no_operation, no_operation});
  if (segment.cookie_request == CookieRequest::experimental) {
    put8(out, {experiment, 4});
    put16(out, fast_open_experiment);
  }
}

void read_option(TcpSegment& segment, std::uint8_t kind, std::span<const std::uint8_t> value) {
  if (kind == mss && value.size() == 2) segment.mss = get_u16(value, 0);
  if (kind == window_scale && value.size() == 1) segment.window_scale = value[0];
  if (kind == sack_permitted) segment.sack_permitted = true;
  if (kind == fast_open_cookie && value.empty()) segment.cookie_request = CookieRequest::standard;
  if (kind == experiment && value.size() == 2 && get_u16(value, 0) == fast_open_experiment)
    segment.cookie_request = CookieRequest::experimental;
  if (kind == timestamps && value.size() == 8)
    segment.timestamps = {.value = get_u32(value, 0), .echo = get_u32(value, 4)};
  if (kind == sack) {
    segment.sack_count = std::min(segment.sack.size(), value.size() / 8);
    for (std::size_t i = 0; i < segment.sack_count; ++i)
      segment.sack[i] = {.begin = get_u32(value, 8 * i), .end = get_u32(value, 8 * i + 4)};
  }
}

void read_options(TcpSegment& segment, std::span<const std::uint8_t> options) {
  while (!options.empty() && options[0] != end_of_options) {
    if (options[0] == no_operation) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) return;
    read_option(segment, options[0], options.subspan(2, options[1] - 2u));
    options = options.subspan(options[1]);
  }
}

}  // namespace

namespace {

void add(InternetSum& sum, const IpAddress& address) {
  if (is_ipv6(address)) return sum.add(ipv6_of(address).bytes);
  const std::uint32_t value = ipv4_of(address).value;
  sum.add(static_cast<std::uint16_t>(value >> 16));
  sum.add(static_cast<std::uint16_t>(value));
}

}  // namespace

// Of the pseudo-headers' lengths only the lower 16 bits are ever set.
std::uint16_t transport_checksum(std::span<const std::uint8_t> message, const IpAddress& source,
                                 const IpAddress& destination, std::uint8_t protocol) {
  InternetSum sum;
  add(sum, source);
  add(sum, destination);
  sum.add(protocol);
  sum.add(static_cast<std::uint16_t>(message.size()));
  sum.add(message);
  return sum.checksum();
}

Bytes encode(const TcpSegment& segment, const IpAddress& source, const IpAddress& destination) {
  Bytes out;
  out.reserve(header_size + 40 + segment.payload.size());
  put16(out, segment.source_port);
  put16(out, segment.destination_port);
  put32(out, segment.sequence);
  put32(out, segment.acknowledgment);
  put16(out, 0);  // data offset and flags, below
  put16(out, segment.window);
  put32(out, 0);  // checksum, below; urgent pointer
  put_options(out, segment);
  out[12] = static_cast<std::uint8_t>(out.size() / 4 << 4);
  out[13] = static_cast<std::uint8_t>((segment.fin ? fin_bit : 0) | (segment.syn ? syn_bit : 0) |
                                      (segment.rst ? rst_bit : 0) | (segment.psh ? psh_bit : 0) |
                                      (segment.ack ? ack_bit : 0));
  out.insert(out.end(), segment.payload.begin(), segment.payload.end());
  const std::uint16_t checksum = transport_checksum(out, source, destination, protocol_tcp);
  out[16] = static_cast<std::uint8_t>(checksum >> 8);
  out[17] = static_cast<std::uint8_t>(checksum);
  return out;
}

std::optional<TcpSegment> decode_tcp(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < header_size) return {};
  const std::size_t offset = static_cast<std::size_t>(bytes[12] >> 4) * 4;
  if (offset < header_size || offset > bytes.size()) return {};
  const std::uint8_t flags = bytes[13];
  TcpSegment segment{.source_port = get_u16(bytes, 0),
                     .destination_port = get_u16(bytes, 2),
                     .sequence = get_u32(bytes, 4),
                     .acknowledgment = get_u32(bytes, 8),
                     .syn = (flags & syn_bit) != 0,
                     .ack = (flags & ack_bit) != 0,
                     .fin = (flags & fin_bit) != 0,
                     .rst = (flags & rst_bit) != 0,
                     .psh = (flags & psh_bit) != 0,
                     .window = get_u16(bytes, 14)};
  read_options(segment, bytes.subspan(header_size, offset - header_size));
  segment.payload.assign(bytes.begin() + static_cast<std::ptrdiff_t>(offset), bytes.end());
  return segment;
}

}  // namespace hanglab::kernel
