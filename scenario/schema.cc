#include "scenario/schema.hh"

#include <algorithm>

#include <fmt/format.h>

#include "scenario/suggest.hh"

namespace hanglab::scenario {

namespace {

const Schema text{.shape = Shape::text};
const Schema texts{.shape = Shape::texts};
const Schema settings{.shape = Shape::settings};
const Schema text_list{.shape = Shape::list, .item = &text};

const Schema kernel{.shape = Shape::record, .fields = {{"version", &text}, {"hz", &text}}};
const Schema cpu{.shape = Shape::record, .fields = {{"syscall", &text}, {"wakeup", &text}}};

const Schema interface {
  .shape = Shape::record, .fields = {{"address", &text}, {"addresses", &text_list}, {"mtu", &text}}
};
const Schema interfaces{.shape = Shape::named, .item = &interface};

const Schema dns_server{.shape = Shape::record,
                        .fields = {{"software", &text, true},
                                   {"listen", &texts},
                                   {"options", &text},
                                   {"config", &text},
                                   {"config-file", &text},
                                   {"zones", &settings},
                                   {"zone-files", &settings},
                                   {"addn-hosts", &text},
                                   {"addn-hosts-file", &text}}};
const Schema dns_servers{.shape = Shape::list, .item = &dns_server};

const Schema host{.shape = Shape::record,
                  .fields = {{"count", &text},
                             {"kernel", &kernel},
                             {"cpu", &cpu},
                             {"interfaces", &interfaces, true},
                             {"routes", &text_list},
                             {"sysctls", &settings},
                             {"resolv.conf", &text},
                             {"nsswitch.conf", &text},
                             {"hosts", &text},
                             {"iptables", &text},
                             {"ip6tables", &text},
                             {"dns", &dns_servers}}};
const Schema hosts{.shape = Shape::named, .item = &host};

const Schema bridge{.shape = Shape::record, .fields = {{"host", &text}, {"interface", &text}}};
const Schema bridges{.shape = Shape::named, .item = &bridge};

const Schema bursts{.shape = Shape::record,
                    .fields = {{"enter", &text, true}, {"leave", &text, true}, {"loss", &text}}};
const Schema lose{.shape = Shape::record, .fields = {{"from", &texts}, {"to", &texts}}};
const Schema outage{.shape = Shape::record, .fields = {{"at", &text, true}, {"for", &text, true}}};
const Schema outages{.shape = Shape::list, .item = &outage};

const Schema link{.shape = Shape::record,
                  .fields = {{"from", &text, true},
                             {"to", &text, true},
                             {"delay", &text},
                             {"jitter", &text},
                             {"rate", &text},
                             {"loss", &text},
                             {"bursts", &bursts},
                             {"lose", &lose},
                             {"down", &outages}}};
const Schema links{.shape = Shape::list, .item = &link};

const Schema lookup{.shape = Shape::record,
                    .fields = {{"host", &text, true},
                               {"client", &text, true},
                               {"call", &text},
                               {"family", &text},
                               {"name", &text, true},
                               {"at", &text},
                               {"count", &text},
                               {"every", &text},
                               {"stagger", &text}}};
const Schema lookups{.shape = Shape::list, .item = &lookup};

const Schema scenario{.shape = Shape::record,
                      .fields = {{"name", &text},
                                 {"description", &text},
                                 {"give_up", &text},
                                 {"hosts", &hosts, true},
                                 {"bridges", &bridges},
                                 {"links", &links},
                                 {"lookups", &lookups, true}}};

std::string_view wanted(Shape shape) {
  switch (shape) {
    case Shape::text: return "text";
    case Shape::texts: return "text or a list";
    case Shape::list: return "a list";
    case Shape::record:
    case Shape::named:
    case Shape::settings: return "a map";
  }
  return {};
}

std::string_view found(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::nothing: return "nothing";
    case Value::Kind::text: return "text";
    case Value::Kind::list: return "a list";
    case Value::Kind::map: return "a map";
  }
  return {};
}

bool fits(Value::Kind kind, Shape shape) {
  switch (shape) {
    case Shape::text: return kind == Value::Kind::text;
    case Shape::texts: return kind == Value::Kind::text || kind == Value::Kind::list;
    case Shape::list: return kind == Value::Kind::list;
    case Shape::record:
    case Shape::named:
    case Shape::settings: return kind == Value::Kind::map;
  }
  return false;
}

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string title(const std::string& path) { return path.empty() ? "a scenario" : path; }

void check(const Value& value, const Schema& schema, const Location& where, const std::string& path);

void check_record(const Value& value, const Schema& schema, const std::string& path) {
  for (const auto& entry : value.entries) {
    const Field* field = schema.field(entry.key);
    if (!field)
      throw InputError(entry.where, fmt::format("unknown key '{}' in {}{}", entry.key, title(path),
                                                suggestion(entry.key, schema.keys())));
    check(entry.value, *field->schema, entry.where, joined(path, entry.key));
  }
  for (const auto& field : schema.fields)
    if (field.required && !value.find(field.key))
      throw InputError(value.where, fmt::format("{} needs '{}'", title(path), field.key));
}

// `where` is the place of the key: a missing value has no better one.
void check(const Value& value, const Schema& schema, const Location& where, const std::string& path) {
  if (!fits(value.kind, schema.shape))
    throw InputError(
        value.kind == Value::Kind::nothing ? where : value.where,
        fmt::format("{} wants {}, this is {}", title(path), wanted(schema.shape), found(value.kind)));
  if (schema.shape == Shape::record) return check_record(value, schema, path);
  const Schema& item = schema.item ? *schema.item : text;
  for (std::size_t i = 0; i < value.items.size(); ++i)
    check(value.items[i], item, value.items[i].where, joined(path, std::to_string(i)));
  for (const auto& entry : value.entries) check(entry.value, item, entry.where, joined(path, entry.key));
}

}  // namespace

const Field* Schema::field(std::string_view key) const {
  const auto known = std::ranges::find(fields, key, &Field::key);
  return known == fields.end() ? nullptr : &*known;
}

std::vector<std::string> Schema::keys() const {
  std::vector<std::string> all;
  for (const auto& field : fields) all.push_back(field.key);
  return all;
}

const Schema& scenario_schema() { return scenario; }

void check_shape(const Value& value, const Schema& schema) { check(value, schema, value.where, ""); }

}  // namespace hanglab::scenario
