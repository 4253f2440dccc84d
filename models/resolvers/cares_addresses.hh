// The addresses of an answer as c-ares takes them: all that it holds, of either kind. (1.18 wants each to
// belong to the name asked for or to the CNAME record before it. The lab's servers send no others.) Source:
// c-ares 1.18.1, src/lib/ares__parse_into_addrinfo.c; 1.34.6, ares_parse_into_addrinfo.c.
#pragma once

#include <vector>

#include "core/address.hh"
#include "core/dns.hh"
#include "models/resolvers/cares_config.hh"

namespace hanglab::resolvers::cares {

// From ares_query's callback: what an answer says to whoever asked for the name.
Status meaning_of(const dns::Header& header);

// Success, ENODATA where there is none, or EBADRESP; only on success anything is added.
Status append_addresses(dns::ByteView answer, std::vector<IpAddress>& addresses);

}  // namespace hanglab::resolvers::cares
