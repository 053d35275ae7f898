// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/random.hpp>
#include <ttt/spec/init.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ttt {

namespace detail {

/// Adds up the elements of the tensors of a tree.
class CountElements {
 public:
  template <class Member>
  constexpr void operator()(std::string_view /*name*/, const Member& member) {
    if constexpr (std::same_as<Member, TensorSpec>) {
      count_ += member.rows * member.cols;
    } else {
      Member::visit(*this, member);
    }
  }
  [[nodiscard]] constexpr Index count() const { return count_; }

 private:
  Index count_ = 0;
};

}  // namespace detail

/// The elements of all tensors of a tree together, also in a constant.
template <template <class> class T>
[[nodiscard]] constexpr Index count_elements(const T<TensorSpec>& tensors) {
  detail::CountElements counts;
  counts("", tensors);
  return counts.count();
}

/// The first numbers of a tensor, row by row; the same on every storage.
template <Storage M>
[[nodiscard]] M initialise(const TensorSpec& tensor, Random& random) {
  const Init& init = tensor.init;
  std::vector<Scalar<M>> elements;
  elements.reserve(static_cast<std::size_t>(tensor.rows * tensor.cols));
  for (Index row = 0; row < tensor.rows; ++row) {
    for (Index col = 0; col < tensor.cols; ++col) {
      double number = init.constant;
      if (init.deviation != 0) number += init.deviation * random.normal();
      if (init.bound != 0) number += init.bound * (2 * random.uniform() - 1);
      if (init.through != nullptr) number = init.through(number);
      if (init.element != nullptr) number = init.element(row, col, tensor.rows, tensor.cols);
      elements.push_back(static_cast<Scalar<M>>(number));
    }
  }
  return Primitives<M>::upload(tensor.rows, tensor.cols, elements);
}

/// The first numbers of every tensor of a tree.
template <Storage M, template <class> class T>
[[nodiscard]] T<M> initialise(const T<TensorSpec>& tensors, std::uint64_t seed) {
  Random random(seed);
  return map_tree<M>(
      [&](const Leaf&, const TensorSpec& tensor) { return initialise<M>(tensor, random); },
      tensors);
}

}  // namespace ttt
