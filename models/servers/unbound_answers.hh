// What an unbound answers from its local zones, octet by octet. Source: unbound 1.17.1,
// services/localzone.c, local_encode() and local_zones_zone_answer(); util/data/msgencode.c.
#pragma once

#include <cstddef>
#include <optional>

#include "models/servers/dns_server.hh"
#include "models/servers/unbound_conf.hh"
#include "models/servers/unbound_query.hh"
#include "models/servers/unbound_zones.hh"

namespace hanglab::servers {

// The EDNS record that an answer gets, where the query had one.
struct UnboundEdnsReply {
  bool dnssec_ok = false;
  bool bad_version = false;
  std::optional<Duration> keepalive{};

  std::size_t size() const;
};

// A query with what its transport adds.
struct UnboundRequest {
  const UnboundQuery& query;
  std::optional<UnboundEdnsReply> edns;
  std::size_t limit;  // the largest message that the client takes
  TimePoint now;
};

class UnboundAnswers {
 public:
  explicit UnboundAnswers(UnboundConf conf) : conf_(std::move(conf)), zones_(conf_) {}

  const UnboundConf& conf() const { return conf_; }

  Answer echo(dns::ByteView message, dns::Rcode rcode) const;
  Answer answer(const UnboundRequest& request) const;

 private:
  enum class Section { answer, authority };

  Answer from_zone(const UnboundZone& zone, const UnboundRequest& request) const;
  Answer negative(const UnboundZone& zone, const UnboundRequest& request, dns::Rcode rcode) const;
  Answer error(const UnboundRequest& request, unsigned flags) const;
  Answer positive(const UnboundRequest& request, const LocalRrset& rrset) const;
  Answer encode(const UnboundRequest& request, const LocalRrset& rrset, const WireName& owner,
                Section section, dns::Rcode rcode) const;
  dns::Bytes head(const UnboundRequest& request, unsigned flags) const;
  void append_edns(dns::Bytes& message, const UnboundEdnsReply& edns) const;

  UnboundConf conf_;
  UnboundZones zones_;
};

}  // namespace hanglab::servers
