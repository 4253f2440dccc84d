#include "models/resolvers/cares_addresses.hh"

#include <algorithm>

namespace hanglab::resolvers::cares {

Status meaning_of(const dns::Header& header) {
  switch (header.rcode()) {
    case dns::noerror: return header.answers > 0 ? Status::success : Status::enodata;
    case dns::formerr: return Status::eformerr;
    case dns::servfail: return Status::eservfail;
    case dns::nxdomain: return Status::enotfound;
    case dns::notimp: return Status::enotimp;
    case dns::refused: return Status::erefused;
    default: return Status::success;  // which then has no addresses
  }
}

Status append_addresses(dns::ByteView answer, std::vector<IpAddress>& addresses) {
  const auto message = dns::decode(answer);
  if (!message || message->questions.size() != 1) return Status::ebadresp;
  const std::size_t before = addresses.size();
  for (const dns::Record& record : message->answers) {
    const auto& r = record.rdata;
    if (record.type == dns::type_a && r.size() == 4) {
      addresses.push_back(Ipv4Address{static_cast<std::uint32_t>(r[0]) << 24 |
                                      static_cast<std::uint32_t>(r[1]) << 16 |
                                      static_cast<std::uint32_t>(r[2]) << 8 | r[3]});
    } else if (record.type == dns::type_aaaa && r.size() == 16) {
      Ipv6Address address;
      std::ranges::copy(r, address.bytes.begin());
      addresses.push_back(address);
    }
  }
  return addresses.size() > before ? Status::success : Status::enodata;
}

}  // namespace hanglab::resolvers::cares
