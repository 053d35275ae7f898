// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/activations.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace ttt {

/// The pullback of an elementwise operation as an operation of its own: what a layer needs that
/// takes gradient steps inside and is differentiated itself.
///
///   y_n = dy df/dx_n
///
/// Its own pullback is made of numbers that are dual once more, so F is written as ever: with the
/// cotangents c as directions, the derivative of f is what falls to dy, and that of f's pullback
/// what falls to the inputs, because second derivatives are symmetric.
///
/// \shape  dy and each input [rows, cols] -> an array of that shape for each input
/// \throws ShapeError if the shapes differ.
/// \cost   one pass, and one in the pullback
template <int Inputs, class F>
struct ElementwiseCotangent {
  static constexpr OperationTraits traits{.inputs = Inputs + 1};  ///< see OperationTraits

  F f{};  ///< the function of numbers, see Elementwise

  /// What `value` returns: an array for each input, or the one array.
  template <class A>
  using Value = std::conditional_t<Inputs == 1, A, std::array<A, static_cast<std::size_t>(Inputs)>>;

  /// The results; shapes are checked first.
  template <Array A, class... Ins>
  [[nodiscard]] Value<A> value(const A& dy, const Ins&... in) const {
    char name = 'a';
    (expect_shape(F::name, std::string(1, name++), in, {row_count(dy), col_count(dy)}), ...);
    std::array<A, count> y;
    for (A& one : y) one = uninitialised<A>(row_count(dy), col_count(dy));
    with_index([&](auto... n) {
      PrimitivesOf<A>::map(Forward{f}, std::array{view(y[n])...}, view(dy), view(in)...);
    });
    if constexpr (Inputs == 1) {
      return std::move(y[0]);
    } else {
      return y;
    }
  }

  ///@{
  /// Adds to the cotangents of the inputs.
  template <Array A, class... Ins>
  void pullback(const A& /*y*/, const A& cotangent, const Input<A>& dy, const Ins&... in) const {
    pull<A>({&cotangent}, dy, in...);
  }
  template <Array A, class... Ins>
  void pullback(const std::array<const A*, static_cast<std::size_t>(Inputs)>& /*y*/,
                const std::array<const A*, static_cast<std::size_t>(Inputs)>& cotangents,
                const Input<A>& dy, const Ins&... in) const {
    pull<A>(cotangents, dy, in...);
  }
  ///@}

 private:
  static constexpr auto count = static_cast<std::size_t>(Inputs);

  template <class Visit>
  static void with_index(Visit&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { visit(I...); }
    (std::make_index_sequence<count>());
  }

  template <Array A, class... Ins>
  void pull(const std::array<const A*, count>& cotangents, const Input<A>& dy,
            const Ins&... in) const {
    std::array<A, count + 1> terms{dy.term(), in.term()...};
    std::array<A, count> directions;
    for (std::size_t n = 0; n < count; ++n) {
      directions[n] =
          row_count(*cotangents[n]) > 0 ? *cotangents[n] : zeros<A>(dy.rows(), dy.cols());
    }
    with_index([&](auto... n) {
      PrimitivesOf<A>::map(Backward{f}, std::array{view(terms[0]), view(terms[n + 1])...},
                           view(dy.value()), view(std::as_const(directions[n]))...,
                           view(in.value())...);
      dy.add(std::move(terms[0]));
      (in.add(std::move(terms[n + 1])), ...);
    });
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    F f;
    template <class... N>
    TTT_HD auto operator()(const N&... in) const {
      return f.pullback(in...);
    }
  };
  /// Of dy, the cotangents, and the inputs.
  struct Backward {
    F f;
    template <class N, class... Ns>
    TTT_HD std::array<N, count + 1> operator()(const N& dy, const Ns&... others) const {
      return moved(dy, {others...}, std::make_index_sequence<count>());
    }

   private:
    template <class N, std::size_t... I>
    TTT_HD std::array<N, count + 1> moved(const N& dy, const std::array<N, 2 * count>& others,
                                          std::index_sequence<I...> /*inputs*/) const {
      const N zero = constant_like(dy, Scalar<N>(0));
      const auto along = f.value(Dual<N>{others[count + I], others[I]}...);
      const auto bent = f.pullback(Dual<N>{dy, zero}, Dual<N>{others[count + I], others[I]}...);
      return {along.tangent, bent[I].tangent...};
    }
  };
};

/// The pullback of Gelu.
using GeluCotangent = ElementwiseCotangent<1, detail::GeluOf>;
/// The pullback of SiluGate.
using SiluGateCotangent = ElementwiseCotangent<2, detail::SiluGateOf>;

/// What falls to each input of an elementwise operation, of a cotangent dy of its result.
template <int Inputs, class F, class Dy, class... Ins>
[[nodiscard]] auto pull_elements(const Elementwise<Inputs, F>& op, const Dy& dy, const Ins&... in) {
  return apply(ElementwiseCotangent<Inputs, F>{op.f}, dy, in...);
}

}  // namespace ttt
