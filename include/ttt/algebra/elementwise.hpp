// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace ttt {

/// An operation on arrays of one shape whose elements do not meet: F has
///
///   static constexpr const char* name
///   N value(N... in) const
///   std::array<N, inputs> pullback(N cotangent, N... in) const
///
/// over numbers, and Elementwise<Inputs, F> is the operation. Messages call its inputs a, b, c, ...
///
/// \shape  each input [rows, cols] -> [rows, cols]
/// \throws ShapeError if the shapes differ.
/// \cost   one pass, and one in the pullback
template <int Inputs, class F>
struct Elementwise {
  static constexpr OperationTraits traits{.inputs = Inputs};  ///< see OperationTraits

  F f{};  ///< the function of numbers

  /// The result; shapes are checked first.
  template <Array A, class... Others>
  [[nodiscard]] A value(const A& a, const Others&... others) const {
    char name = 'a';
    (expect_shape(F::name, std::string(1, ++name), others, {row_count(a), col_count(a)}), ...);
    return map(Value{f}, a, others...);
  }

  /// Adds to the cotangents of the inputs.
  template <Array A, class... Ins>
  void pullback(const A& /*y*/, const A& dy, const Ins&... in) const {
    std::array<A, static_cast<std::size_t>(Inputs)> terms{in.term()...};
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      PrimitivesOf<A>::map(Pullback{f}, std::array{view(terms[I])...}, view(dy),
                           view(in.value())...);
      (in.add(std::move(terms[I])), ...);
    }
    (std::index_sequence_for<Ins...>());
  }

 public:  // because kernels of a device are named after them
  struct Value {
    F f;
    template <class... N>
    TTT_HD auto operator()(const N&... in) const {
      return f.value(in...);
    }
  };
  struct Pullback {
    F f;
    template <class... N>
    TTT_HD auto operator()(const N&... in) const {
      return f.pullback(in...);
    }
  };
};

}  // namespace ttt
