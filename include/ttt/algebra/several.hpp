// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <vector>

namespace ttt {

/// The arguments of map for one of several arrays: an output without data is not wanted.
template <class S, std::size_t Outs, std::size_t Ins>
struct MapArguments {
  std::array<View<S>, Outs> outs;      ///< of one shape
  std::array<View<const S>, Ins> ins;  ///< likewise; the first has the shape of all
};

/// outs = f(ins...) for several arrays: all in one pass where the storage has one.
template <Storage M, class F, std::size_t Outs, std::size_t Ins>
void map_several(const F& f, const std::vector<MapArguments<Scalar<M>, Outs, Ins>>& several) {
  if constexpr (requires { Primitives<M>::map_several(f, several); }) {
    Primitives<M>::map_several(f, several);
  } else {
    for (const MapArguments<Scalar<M>, Outs, Ins>& one : several) {
      const auto map = [&](const auto& outs) {
        std::apply([&](const auto&... ins) { Primitives<M>::map(f, outs, ins...); }, one.ins);
      };
      if constexpr (Outs == 1) {
        map(one.outs[0]);
      } else {
        map(one.outs);
      }
    }
  }
}

/// The factors of one of several dot products.
template <class S>
struct DotArguments {
  View<const S> a;  ///< the first
  View<const S> b;  ///< of the same shape
};

/// Several dot products; rows are summed in double. A storage that has them at once answers once.
template <Storage M>
[[nodiscard]] std::vector<double> dots(const std::vector<DotArguments<Scalar<M>>>& several) {
  if constexpr (requires { Primitives<M>::dots(several); }) {
    return Primitives<M>::dots(several);
  } else {
    std::vector<double> all;
    all.reserve(several.size());
    for (const auto& [a, b] : several) all.push_back(Primitives<M>::dot(a, b));
    return all;
  }
}

/// The squares of the norms of several arrays, each as a vector; rows are summed in double.
template <Storage M, class Arrays>
[[nodiscard]] std::vector<double> sums_of_squares(const Arrays& arrays) {
  std::vector<DotArguments<Scalar<M>>> several;
  several.reserve(arrays.size());
  for (const M& array : arrays) several.push_back({view(array), view(array)});
  return dots<M>(several);
}

}  // namespace ttt
