// Messages as systemd-resolved reads and writes them: it takes an answer apart into records and makes its own
// of them anew, names compressed, as many records as fit. A UDP client gets up to 512 octets, or its EDNS
// size whatever that is; where not all records of the answer fit, the message is marked TC, and what is left
// of the additional and authority sections is not missed. The EDNS record comes last and only if there is
// room. Source: systemd 252, src/resolve/resolved-dns-packet.c, resolved-dns-stub.c.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/dns.hh"
#include "models/servers/dns_server.hh"
#include "models/servers/record_text.hh"

namespace hanglab::servers {

struct ResolvedRecord {
  WireName owner;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;
  Rdata rdata{};
};

struct ResolvedSections {
  std::vector<ResolvedRecord> answers{};
  std::vector<ResolvedRecord> authorities{};
  std::vector<ResolvedRecord> additionals{};  // without EDNS

  std::size_t size() const { return answers.size() + authorities.size() + additionals.size(); }
};

// A question by name, in lower case, type and class.
struct ResolvedKey {
  WireName name;
  std::uint16_t type = 0;
  std::uint16_t klass = 1;
  auto operator<=>(const ResolvedKey&) const = default;
};

// What a client asks.
struct StubQuery {
  dns::Header header{};
  WireName name{};  // as the client spelt it
  ResolvedKey key{};
  bool edns = false;
  std::uint8_t edns_version = 0;
  bool dnssec_ok = false;
  std::size_t limit = 0;  // of the answer
};

// Nothing: resolved says nothing to it.
std::optional<StubQuery> read_stub_query(dns::ByteView message, bool tcp);

struct UpstreamAnswer {
  bool has_opt = false;
  bool dnssec_ok = false;
  std::optional<ResolvedKey> question{};
  ResolvedSections sections{};
};

// Nothing: it cannot be read.
std::optional<UpstreamAnswer> read_upstream_answer(dns::ByteView message);

// Whether it is a response to a question, of whichever id.
bool is_reply(dns::ByteView message);

// The question as it goes upstream.
dns::Bytes upstream_question(std::uint16_t id, const WireName& name, const ResolvedKey& key,
                             std::optional<std::uint16_t> edns_size);

struct ReplyFlags {
  bool authoritative = false;  // whatever was not heard from a server
  bool authenticated = false;  // what resolved made up: AD, if the client wants to know
  bool dnssec_ok = false;      // DO as in the query
};

// The message with its sizes.
Answer stub_reply(const StubQuery& query, const ResolvedSections& sections, dns::Rcode rcode,
                  const ReplyFlags& flags = {});

}  // namespace hanglab::servers
