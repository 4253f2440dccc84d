// What is remembered of many things for a while: a hash table that forgets the entry that was longest not
// used when it is full, and whatever was not used for some time.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

#include "core/time.hh"

namespace hanglab::replay {

template <class Key, class Value, class Hash = std::hash<Key>>
class BoundedTable {
 public:
  struct Limits {
    std::size_t entries;
    Duration idle;
  };

  explicit BoundedTable(Limits limits) : limits_(limits) {}

  std::size_t size() const { return by_key_.size(); }

  // Nothing if it is not there. What is found has been used at `now`.
  Value* find(const Key& key, Duration now) {
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) return nullptr;
    known->second->used_at = now;
    entries_.splice(entries_.end(), entries_, known->second);
    return &known->second->value;
  }

  // In place of what was there under this key. `forget` is called with every value that makes room.
  template <class Forget>
  Value& put(const Key& key, Value value, Duration now, Forget&& forget) {
    erase(key, forget);
    while (by_key_.size() >= limits_.entries) drop_oldest(forget);
    entries_.push_back({key, std::move(value), now});
    by_key_.emplace(key, std::prev(entries_.end()));
    return entries_.back().value;
  }

  template <class Forget>
  void erase(const Key& key, Forget&& forget) {
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) return;
    forget(known->second->value);
    entries_.erase(known->second);
    by_key_.erase(known);
  }

  template <class Forget>
  void expire(Duration now, Forget&& forget) {
    while (!entries_.empty() && now - entries_.front().used_at > limits_.idle) drop_oldest(forget);
  }

  void for_each(auto&& look) const {
    for (const Entry& entry : entries_) look(entry.value);
  }

  template <class Forget>
  void drop_oldest(Forget&& forget) {
    forget(entries_.front().value);
    by_key_.erase(entries_.front().key);
    entries_.pop_front();
  }

 private:
  struct Entry {
    Key key;
    Value value;
    Duration used_at;
  };
  using Entries = std::list<Entry>;  // the longest unused first

  Limits limits_;
  Entries entries_;
  std::unordered_map<Key, typename Entries::iterator, Hash> by_key_;
};

}  // namespace hanglab::replay
