#include "models/servers/dnsmasq_hosts.hh"

#include <algorithm>
#include <array>
#include <utility>

namespace hanglab::servers {

namespace {

constexpr std::size_t owner_offset = dns::header_size;  // the question's name
constexpr int no_entry = -1;

struct Entry {
  IpAddress address;
  int next = no_entry;  // see HostChains::seen_before
};

// The entries of one name and family in the order of the hash chain.
struct Chain {
  std::vector<int> first_owners;  // the first to have their address: these answer PTR
  std::vector<int> others;

  std::vector<int>& rotating() { return first_owners.empty() ? others : first_owners; }
};

dns::ByteView bytes_of(const IpAddress& address, std::array<std::uint8_t, 4>& room) {
  if (const auto* v6 = std::get_if<Ipv6Address>(&address)) return v6->bytes;
  const std::uint32_t value = std::get<Ipv4Address>(address).value;
  for (std::size_t i = 0; i < 4; ++i) room[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  return room;
}

// What dnsmasq's cache holds once it has read the host files.
class HostChains {
 public:
  explicit HostChains(const DnsmasqOptions& options) : options_(options) {
    // Seen addresses are hashed into the buffer for packets, borrowed as an array of pointers; it is
    // edns_packet_max, a name (1025) and the fixed part of a record (10) long.
    seen_.assign((options.edns_packet_max + 1025u + 10u) / 8u, no_entry);
    grow_table(options.cache_size);
    name_count_ = counted_names_ = options.cache_size;
  }

  void add(const HostLine& line) {
    // 2.79 and 2.90 alike look whether the table is too small every 1000 names, before a line's names.
    if (name_count_ - counted_names_ > 1000) {
      grow_table(name_count_);
      counted_names_ = name_count_;
    }
    for (const auto& name : line.names) {
      const bool simple = name.find('.') == std::string::npos;
      if (options_.expand_hosts && simple && !options_.domain.empty())
        add(line.address, name + '.' + options_.domain);
      add(line.address, name);
    }
  }

  void end_of_file() {
    grow_table(name_count_);
    counted_names_ = name_count_;
  }

  const std::vector<Entry>& entries() const { return entries_; }
  // By name and whether IPv6.
  const std::map<std::pair<std::string, bool>, Chain>& chains() const { return chains_; }

 private:
  bool old() const { return options_.version == DnsmasqVersion::v2_79; }

  void add(const IpAddress& address, const std::string& name) {
    ++name_count_;
    Chain& chain = chains_[{name, std::holds_alternative<Ipv6Address>(address)}];
    if (look_for(address, chain)) return;

    const bool seen = seen_before(address);
    const int entry = static_cast<int>(entries_.size());
    entries_.push_back({.address = address});
    if (!seen) {
      entries_.back().next = seen_[bucket_of(address)];
      seen_[bucket_of(address)] = entry;
    }
    auto& part = seen ? chain.others : chain.first_owners;
    // 2.79 puts a further address of a name before the others, 2.90 behind them.
    part.insert(old() ? part.begin() : part.end(), entry);
  }

  // The look that finds a name's entries links them through `next` in the order before it rotates them.
  // True: the name has this address; 2.79 only checks the first entry.
  bool look_for(const IpAddress& address, Chain& chain) {
    bool found = false;
    int* link = nullptr;
    for (const auto* part : {&chain.first_owners, &chain.others})
      for (const int entry : *part) {
        if (link == nullptr || !old())
          found = found || entries_[static_cast<std::size_t>(entry)].address == address;
        if (link != nullptr) *link = entry;
        link = &entries_[static_cast<std::size_t>(entry)].next;
      }
    if (link != nullptr) *link = no_entry;
    auto& rotating = chain.rotating();
    if (options_.round_robin && !rotating.empty())
      std::rotate(rotating.begin(), rotating.begin() + 1, rotating.end());
    return found;
  }

  std::size_t bucket_of(const IpAddress& address) const {
    std::array<std::uint8_t, 4> room{};
    std::size_t hash = 0;
    for (const auto byte : bytes_of(address, room)) hash = (hash * 2 + byte) % seen_.size();
    return hash;
  }

  // The buckets of seen addresses are linked through `next` too, which look_for() overwrites: an address
  // can go unrecognised, and then has two names for PTR.
  bool seen_before(const IpAddress& address) const {
    for (int entry = seen_[bucket_of(address)]; entry != no_entry;) {
      const auto& candidate = entries_[static_cast<std::size_t>(entry)];
      if (candidate.address == address) return true;
      entry = candidate.next;
    }
    return false;
  }

  // In 2.79, moving the entries to a larger table turns every chain around.
  void grow_table(int names) {
    int size = 64;
    while (size < names / 10) size *= 2;
    if (size <= table_size_) return;
    const bool first = std::exchange(table_size_, size) == 0;
    if (first || !old()) return;
    for (auto& [name, chain] : chains_) {
      std::ranges::reverse(chain.first_owners);
      std::ranges::reverse(chain.others);
    }
  }

  const DnsmasqOptions& options_;
  std::vector<Entry> entries_;
  std::map<std::pair<std::string, bool>, Chain> chains_;
  std::vector<int> seen_;
  int table_size_ = 0;
  int name_count_ = 0;
  int counted_names_ = 0;
};

void write_record(dns::Writer& to, std::uint16_t type, std::uint32_t ttl, dns::ByteView rdata) {
  to.pointer(owner_offset);
  to.record(type, ttl, rdata);
}

dns::Bytes address_records(const HostChains& chains, const std::vector<int>& part, std::uint32_t ttl) {
  dns::Writer records(part.size() * 28);
  for (const int entry : part) {
    std::array<std::uint8_t, 4> room{};
    const auto rdata = bytes_of(chains.entries()[static_cast<std::size_t>(entry)].address, room);
    write_record(records, rdata.size() == 4 ? dns::type_a : dns::type_aaaa, ttl, rdata);
  }
  return records.take();
}

}  // namespace

DnsmasqHosts::DnsmasqHosts(const DnsmasqOptions& options, const std::vector<std::vector<HostLine>>& files) {
  HostChains chains(options);
  for (const auto& file : files) {
    for (const auto& line : file) chains.add(line);
    chains.end_of_file();
  }
  for (const auto& [key, chain] : chains.chains()) {
    const auto& [name, is_v6] = key;
    HostRecords& records = is_v6 ? names_[name].aaaa : names_[name].a;
    records.record_size = is_v6 ? 28 : 16;
    records.count = chain.first_owners.size() + chain.others.size();
    const auto& rotating = chain.first_owners.empty() ? chain.others : chain.first_owners;
    records.rotating = address_records(chains, rotating, options.local_ttl);
    if (&rotating != &chain.others) records.fixed = address_records(chains, chain.others, options.local_ttl);
    for (const int entry : chain.first_owners) {
      dns::Writer target;
      target.name(name);
      dns::Writer record;
      write_record(record, dns::type_ptr, options.local_ttl, target.take());
      const auto bytes = record.take();
      auto& pointers = pointers_[chains.entries()[static_cast<std::size_t>(entry)].address];
      pointers.fixed.insert(pointers.fixed.end(), bytes.begin(), bytes.end());
      ++pointers.count;
    }
    if (options.version == DnsmasqVersion::v2_79) continue;
    for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
      names_.try_emplace(name.substr(dot + 1));
  }
}

const HostName* DnsmasqHosts::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &found->second;
}

const HostRecords* DnsmasqHosts::find(const IpAddress& address) const {
  const auto found = pointers_.find(address);
  return found == pointers_.end() ? nullptr : &found->second;
}

}  // namespace hanglab::servers
