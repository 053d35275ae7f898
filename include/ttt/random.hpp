// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <cmath>
#include <cstdint>

namespace ttt {

/// A seeded stream of random numbers, the same on every machine: its whole state is two integers.
///
/// \source Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators"
///         (SplitMix64), with the state kept as seed and count so that a checkpoint can hold it.
class Random {
 public:
  /// The stream of `seed` from the number behind the first `drawn`.
  explicit constexpr Random(std::uint64_t seed, std::uint64_t drawn = 0)
      : seed_(seed), drawn_(drawn) {}

  /// 64 uniform bits.
  constexpr std::uint64_t bits() {
    std::uint64_t z = seed_ + 0x9e3779b97f4a7c15U * ++drawn_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  constexpr double uniform() { return static_cast<double>(bits() >> 11U) * 0x1p-53; }

  /// Uniform in 0..count-1.
  ///
  /// \pre count > 0
  constexpr Index below(Index count) {
    return static_cast<Index>(uniform() * static_cast<double>(count));
  }

  /// Standard normal, by the method of Box and Muller; two draws.
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

  [[nodiscard]] constexpr std::uint64_t seed() const { return seed_; }    ///< of the stream
  [[nodiscard]] constexpr std::uint64_t drawn() const { return drawn_; }  ///< numbers so far

  /// Whether all members are equal.
  friend constexpr bool operator==(Random, Random) = default;

 private:
  std::uint64_t seed_;
  std::uint64_t drawn_;
};

}  // namespace ttt
