// The lines of a host file as other servers read them, so that servers can be compared on equal data: the
// same names and addresses with the TTL 0 that dnsmasq gives them. Errors: InputError for a name that holds
// anything but letters, digits, dots, hyphens and underscores.
#pragma once

#include <string>
#include <vector>

#include "models/servers/hosts_file.hh"

namespace hanglab::servers {

// For unbound: a `server:` clause of local-data, and of local-data-ptr for each line's first name.
std::string unbound_local_data(const std::vector<HostLine>& lines);

// For BIND: records of a zone file, to be taken in by $INCLUDE. Without PTR records, which belong to
// another zone.
std::string zone_records(const std::vector<HostLine>& lines);

}  // namespace hanglab::servers
