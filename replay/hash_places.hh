// Things found by a hash, in a fixed number of places: those that share one are a chain, the latest first.
// They are linked where they stand, so that looking for one touches little memory besides its own.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hanglab::replay {

template <class Item>
struct Placed {
  std::uint64_t hash = 0;
  Item* earlier = nullptr;  // in the same place, of whatever hash
  Item* later = nullptr;
};

template <class Item>  // derived from Placed<Item>
class HashPlaces {
 public:
  explicit HashPlaces(std::size_t places) : latest_(std::bit_ceil(places)) {}

  // The latest in the place of this hash, or nullptr.
  Item* latest(std::uint64_t hash) const { return latest_[hash & (latest_.size() - 1)]; }

  void add(Item& item, std::uint64_t hash) {
    Item*& latest = place(hash);
    item.hash = hash;
    item.earlier = latest;
    item.later = nullptr;
    if (latest != nullptr) latest->later = &item;
    latest = &item;
  }

  void remove(Item& item) {
    (item.later != nullptr ? item.later->earlier : place(item.hash)) = item.earlier;
    if (item.earlier != nullptr) item.earlier->later = item.later;
  }

 private:
  Item*& place(std::uint64_t hash) { return latest_[hash & (latest_.size() - 1)]; }

  std::vector<Item*> latest_;  // a power of 2 of them
};

}  // namespace hanglab::replay
