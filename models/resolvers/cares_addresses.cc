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
    if (const auto address = dns::address_of(record)) addresses.push_back(*address);
  }
  return addresses.size() > before ? Status::success : Status::enodata;
}

}  // namespace hanglab::resolvers::cares
