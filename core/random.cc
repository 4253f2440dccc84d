#include "core/random.hh"

namespace hanglab {

namespace {

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15u;

}  // namespace

Random::Random(std::uint64_t seed, std::uint64_t run, std::string_view purpose)
    : state_(mix(mix(seed + golden_gamma) + run * golden_gamma)) {
  std::uint64_t name = 0xcbf29ce484222325u;
  for (const char c : purpose) name = (name ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  state_ = mix(state_ ^ name);
}

std::uint64_t Random::next() { return mix(state_ += golden_gamma); }

// Rejection keeps every value equally likely: the last, incomplete block of 2^64 is not used.
std::uint64_t Random::below(std::uint64_t bound) {
  const std::uint64_t unusable = -bound % bound;
  std::uint64_t number = next();
  while (number < unusable) number = next();
  return number % bound;
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

}  // namespace hanglab
