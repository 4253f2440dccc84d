#include "models/servers/wire_name.hh"

#include <fmt/format.h>

#include <algorithm>

namespace hanglab::servers {

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t last_offset = 0x3fff;

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::size_t first_label_size(std::string_view name) { return 1u + static_cast<unsigned char>(name[0]); }

}  // namespace

WireName wire_name(std::string_view text) {
  if (text.ends_with('.') && !text.ends_with("\\.")) text.remove_suffix(1);
  dns::Writer writer;
  writer.name(text);
  const auto bytes = writer.take();
  return {bytes.begin(), bytes.end()};
}

std::string presentation(const WireName& name) {
  std::string text;
  for (std::string_view rest = name; rest.size() > 1; rest = parent_of(rest)) {
    for (const char c : rest.substr(1, first_label_size(rest) - 1)) {
      if (c <= ' ' || c >= 0x7f)
        text += fmt::format("\\{:03}", static_cast<unsigned char>(c));
      else if (std::string_view(".\\\"();@$").find(c) != std::string_view::npos)
        text += {'\\', c};
      else
        text += c;
    }
    text += '.';
  }
  return text.empty() ? "." : text;
}

std::optional<WireName> read_wire_name(dns::ByteView message, std::size_t& at) {
  WireName name;
  while (at < message.size()) {
    const std::uint8_t length = message[at];
    if ((length & 0xc0) != 0 || name.size() + 1 + length > longest_name) return {};
    if (message.size() - at < 1u + length) return {};
    const auto label = message.subspan(at, 1u + length);
    name.insert(name.end(), label.begin(), label.end());
    at += label.size();
    if (length == 0) return name;
  }
  return {};
}

WireName lower_case(WireName name) {
  std::ranges::transform(name, name.begin(), to_lower);
  return name;
}

int labels_in(std::string_view name) {
  int labels = 0;
  for (; name.size() > 1; name = parent_of(name)) ++labels;
  return labels;
}

std::string_view parent_of(std::string_view name) { return name.substr(first_label_size(name)); }

bool is_at_or_below(std::string_view name, std::string_view zone) {
  while (name.size() > zone.size()) name = parent_of(name);
  return name == zone;
}

std::string NameTable::key(std::string_view name) const {
  return rules_.case_counts ? std::string(name) : lower_case(std::string(name));
}

dns::Bytes NameTable::compress(std::string_view name, std::size_t offset) {
  dns::Bytes written;
  std::string_view rest = name;
  for (std::size_t label = 0; rest.size() > 1; rest = parent_of(rest), ++label) {
    const bool looks = pointers_ < rules_.most_pointers && label < rules_.depth;
    if (const auto known = looks ? offsets_.find(key(rest)) : offsets_.end(); known != offsets_.end()) {
      ++pointers_;
      written.push_back(static_cast<std::uint8_t>(0xc0 | known->second >> 8));
      written.push_back(static_cast<std::uint8_t>(known->second));
      remember_labels(name, offset, label);
      return written;
    }
    const auto text = rest.substr(0, first_label_size(rest));
    written.insert(written.end(), text.begin(), text.end());
  }
  written.push_back(0);
  remember(name, offset);
  return written;
}

void NameTable::remember(std::string_view name, std::size_t offset) {
  remember_labels(name, offset, rules_.depth);
}

void NameTable::remember_labels(std::string_view name, std::size_t offset, std::size_t labels) {
  labels = std::min(labels, rules_.depth);
  for (; labels > 0 && name.size() > 1 && offset <= last_offset && pointers_ < rules_.most_pointers;
       --labels) {
    offsets_.insert_or_assign(key(name), static_cast<std::uint16_t>(offset));
    offset += first_label_size(name);
    name = parent_of(name);
  }
}

}  // namespace hanglab::servers
