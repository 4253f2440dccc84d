#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "scenario/readers.hh"
#include "scenario/suggest.hh"

namespace hanglab::scenario {

namespace {

constexpr std::size_t longest_bridge_name = 15;    // a bridge is an interface too: IFNAMSIZ - 1
constexpr std::uint16_t largest_tap_mtu = 65'521;  // a switch of its own is in nobody's way

// One end of a link as the file has it: a bridge, or an interface of every copy of a host.
struct End {
  std::string text;
  Location where;
  bool is_bridge = false;
  std::size_t bridge = 0;
  HostGroup group{};
  std::size_t interface = 0;

  std::size_t count() const { return is_bridge ? 1 : group.count; }
  LinkEnd copy(std::size_t number) const {
    if (is_bridge) return {.is_bridge = true, .index = bridge};
    return {.index = group.first + (group.count > 1 ? number : 0), .interface = interface};
  }
};

// Bridges that are joined so far, as disjoint sets: a link inside one set closes a loop.
class Trees {
 public:
  explicit Trees(std::size_t bridges) : parent_(bridges) { std::iota(parent_.begin(), parent_.end(), 0); }

  bool join(std::size_t a, std::size_t b) {
    const auto root_a = root(a);
    const auto root_b = root(b);
    parent_[root_a] = root_b;
    return root_a != root_b;
  }

 private:
  std::size_t root(std::size_t bridge) const {
    while (parent_[bridge] != bridge) bridge = parent_[bridge];
    return bridge;
  }

  std::vector<std::size_t> parent_;
};

class NetworkReader {
 public:
  NetworkReader(const Value& root, const HostGroups& groups, Scenario& scenario)
      : root_(root), groups_(groups), scenario_(scenario) {}

  void read_bridges() {
    const Value* bridges = root_.find("bridges");
    if (!bridges) return;
    for (const auto& [name, where, value] : bridges->entries) {
      check_name(name, "a bridge", longest_bridge_name, where);
      Bridge bridge{.name = name};
      const Value* host = value.find("host");
      const Value* interface = value.find("interface");
      if ((host == nullptr) != (interface == nullptr))
        throw InputError(where, fmt::format("{} needs both 'host' and 'interface', or neither", name));
      if (host) {
        const auto group = find_group(host->text, host->where, groups_, scenario_);
        if (group.count > 1)
          throw InputError(host->where,
                           fmt::format("{} is {} hosts; a bridge belongs to one", host->text, group.count));
        bridge.host = group.first;
        bridge.host_interface = find_interface(group, interface->text, interface->where);
        attach({.index = group.first, .interface = bridge.host_interface}, interface->where,
               fmt::format("the bridge {}", name));
      }
      scenario_.bridges.push_back(std::move(bridge));
    }
  }

  void read_links() {
    Trees trees(scenario_.bridges.size());
    const Value* links = root_.find("links");
    for (const auto& value : links ? links->items : std::vector<Value>{}) {
      const auto from = read_end(*value.find("from"));
      const auto to = read_end(*value.find("to"));
      if (from.text == to.text) throw InputError(to.where, fmt::format("a link from {} to itself", to.text));
      if (from.count() > 1 && to.count() > 1 && from.count() != to.count())
        throw InputError(to.where, fmt::format("{} is {} interfaces and {} is {}: they do not pair up",
                                               from.text, from.count(), to.text, to.count()));
      if (from.is_bridge && to.is_bridge && !trees.join(from.bridge, to.bridge))
        throw InputError(
            value.where,
            fmt::format("a loop: {} and {} are connected already, frames would circle", from.text, to.text));
      add_copies(read_link(value), from, to);
    }
  }

  void check_all_attached() const {
    for (const auto& group : groups_) {
      const Value& interfaces = *root_.find("hosts")->find(group.name)->find("interfaces");
      for (std::size_t copy = 0; copy < group.count; ++copy)
        for (std::size_t i = 0; i < interfaces.entries.size(); ++i)
          if (const LinkEnd end{.index = group.first + copy, .interface = i}; !attached_.contains(key(end)))
            throw InputError(interfaces.entries[i].where,
                             fmt::format("{} is on no link and is no bridge", name_of(end)));
    }
  }

 private:
  using Key = std::pair<std::size_t, std::size_t>;
  static Key key(const LinkEnd& end) { return {end.index, end.interface}; }

  std::string name_of(const LinkEnd& end) const {
    const auto& host = scenario_.hosts[end.index];
    return fmt::format("{}.{}", host.name, host.interfaces[end.interface].name);
  }

  void attach(const LinkEnd& end, const Location& where, const std::string& what) {
    const auto [known, is_new] = attached_.emplace(key(end), what);
    if (!is_new)
      throw InputError(
          where, fmt::format("{} is {} already; an interface has one cable", name_of(end), known->second));
  }

  std::size_t find_interface(const HostGroup& group, const std::string& name, const Location& where) const {
    const auto& interfaces = scenario_.hosts[group.first].interfaces;
    const auto found = std::ranges::find(interfaces, name, &Interface::name);
    if (found != interfaces.end()) return static_cast<std::size_t>(found - interfaces.begin());
    std::vector<std::string> known;
    for (const auto& one : interfaces) known.push_back(one.name);
    throw InputError(where,
                     fmt::format("{} has no interface '{}'{}", group.name, name, suggestion(name, known)));
  }

  End read_end(const Value& value) const {
    End end{.text = value.text, .where = value.where};
    if (const auto dot = value.text.find('.'); dot != std::string::npos) {
      end.group = find_group(value.text.substr(0, dot), value.where, groups_, scenario_);
      end.interface = find_interface(end.group, value.text.substr(dot + 1), value.where);
      return end;
    }
    const auto bridge = std::ranges::find(scenario_.bridges, value.text, &Bridge::name);
    if (bridge == scenario_.bridges.end()) throw unknown_end(value);
    end.is_bridge = true;
    end.bridge = static_cast<std::size_t>(bridge - scenario_.bridges.begin());
    return end;
  }

  InputError unknown_end(const Value& value) const {
    std::vector<std::string> known;
    for (const auto& bridge : scenario_.bridges) known.push_back(bridge.name);
    for (const auto& group : groups_)
      for (const auto& one : scenario_.hosts[group.first].interfaces) {
        const auto name = fmt::format("{}.{}", group.name, one.name);
        if (value.text == group.name)
          return {value.where,
                  fmt::format("'{}' is a host; a link ends at an interface, as in {}", group.name, name)};
        known.push_back(name);
      }
    return {value.where, fmt::format("no bridge '{}'{}", value.text, suggestion(value.text, known))};
  }

  std::uint16_t mtu_at(const LinkEnd& end) const {
    if (!end.is_bridge) return scenario_.hosts[end.index].interfaces[end.interface].mtu;
    const Bridge& bridge = scenario_.bridges[end.index];
    return bridge.host ? scenario_.hosts[*bridge.host].interfaces[bridge.host_interface].mtu
                       : largest_tap_mtu;
  }

  void add_copies(Link link, const End& from, const End& to) {
    for (std::size_t copy = 0; copy < std::max(from.count(), to.count()); ++copy) {
      link.a = from.copy(copy);
      link.b = to.copy(copy);
      link.a.mtu = mtu_at(link.a);
      link.b.mtu = mtu_at(link.b);
      if (!link.a.is_bridge) attach(link.a, from.where, "on a link");
      if (!link.b.is_bridge) attach(link.b, to.where, "on a link");
      link.name = !link.a.is_bridge   ? name_of(link.a)
                  : !link.b.is_bridge ? name_of(link.b)
                                      : fmt::format("{}--{}", from.text, to.text);
      scenario_.links.push_back(link);
    }
  }

  const Value& root_;
  const HostGroups& groups_;
  Scenario& scenario_;
  std::map<Key, std::string> attached_;  // what an interface is or is on
};

}  // namespace

void read_bridges_and_links(const Value& root, const HostGroups& groups, Scenario& scenario) {
  NetworkReader reader(root, groups, scenario);
  reader.read_bridges();
  reader.read_links();
  reader.check_all_attached();
}

}  // namespace hanglab::scenario
