#include "replay/hash_places.hh"

#include <catch2/catch.hpp>

using namespace hanglab::replay;

namespace {

struct Item : Placed<Item> {};

std::vector<const Item*> chain(const HashPlaces<Item>& places, std::uint64_t hash) {
  std::vector<const Item*> items;
  for (const Item* item = places.latest(hash); item != nullptr; item = item->earlier) items.push_back(item);
  return items;
}

}  // namespace

TEST_CASE("what shares a place is found there, the latest first, until it is taken out") {
  HashPlaces<Item> places(3);  // 4 of them
  Item one, five, nine, two;
  places.add(one, 1);
  places.add(five, 5);
  places.add(nine, 9);
  places.add(two, 2);
  CHECK(chain(places, 1) == std::vector<const Item*>{&nine, &five, &one});
  CHECK(chain(places, 2) == std::vector<const Item*>{&two});
  CHECK(chain(places, 3).empty());
  CHECK(five.hash == 5);

  places.remove(five);
  CHECK(chain(places, 1) == std::vector<const Item*>{&nine, &one});
  places.remove(nine);
  places.add(five, 5);
  CHECK(chain(places, 1) == std::vector<const Item*>{&five, &one});
  places.remove(one);
  places.remove(five);
  CHECK(chain(places, 1).empty());
}
