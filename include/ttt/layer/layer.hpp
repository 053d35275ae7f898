// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/matrix.hpp>
#include <ttt/algebra/operations.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/random.hpp>
#include <ttt/spec/model_spec.hpp>

#include <cmath>
#include <concepts>
#include <limits>
#include <span>
#include <string_view>

namespace ttt {

/// How a tensor starts.
enum class Start {
  normal,  ///< N(0, 0.02^2) \source arXiv:2512.23675
  ones,
  averages,  ///< of rows counted into the past: column by column an exponential moving average, its
             ///< time constant from 2 rows to all of them
  nearly_shut,  ///< of a gate whose logistic is 0.05 \source the code of arXiv:2603.06642
};

/// A tensor of a layer before it has numbers. One that the spec leaves out has no rows.
struct TensorSpec {
  Index rows = 0;               ///< outer extent
  Index cols = 0;               ///< inner extent
  Start start = Start::normal;  ///< of a training that begins anew
};

/// The tensor's first numbers.
template <std::floating_point S>
[[nodiscard]] Matrix<S> started(const TensorSpec& tensor, Random& random) {
  return Matrix<S>::NullaryExpr(tensor.rows, tensor.cols, [&](Index row, Index col) {
    if (tensor.start == Start::ones) return S(1);
    if (tensor.start == Start::nearly_shut) return static_cast<S>(std::log(0.05 / 0.95));
    if (tensor.start == Start::normal) return static_cast<S>(0.02 * random.normal());
    const double share = static_cast<double>(col) / static_cast<double>(tensor.cols);
    const double rate = std::pow(static_cast<double>(tensor.rows) / 2, -share) / 2;
    return static_cast<S>((1 - std::exp(-rate)) * std::exp(-rate * static_cast<double>(row)));
  });
}

/// What a layer needs in a pass besides parameters and state, where X is what rows are evaluated
/// in.
template <class X>
struct Pass {
  const RotaryTable<Scalar<X>>* rotary;  ///< as many positions as the longest run of keys
  Index position = 0;                    ///< tokens of the text that were read before
  std::span<const double> surprisal{};   ///< of the latest of them, in nats
  X keep{};                              ///< [time, 1], keep scores, or none if the model has none
  Index slots = std::numeric_limits<Index>::max();  ///< that a cache may use
  std::span<const Index> pinned{};  ///< positions of tokens that a cache keeps before all others

  /// The same for rows of another kind, without keep scores.
  template <class Y>
  [[nodiscard]] Pass<Y> over() const {
    return {.rotary = rotary,
            .position = position,
            .surprisal = surprisal,
            .slots = slots,
            .pinned = pinned};
  }
};

/// The names a block gives to a part and to its norms.
struct PartNames {
  std::string_view norm;       ///< before the part
  std::string_view part;       ///< under which its tensors are
  std::string_view post_norm;  ///< behind the part
};

/// State of a layer that remembers nothing.
template <class A>
struct Stateless {
  static void visit(auto&& /*on*/, auto&... /*trees*/) {}
};

namespace detail {

///@{
/// Whether a layer, or the memory of one, says so of itself.
template <class L>
inline constexpr bool learns = requires {
  requires L::learns;
};
template <class L>
inline constexpr bool reads_chunks = requires {
  requires L::reads_chunks;
};
template <class L>
inline constexpr bool scored = requires {
  requires L::scored;
};
template <class L>
inline constexpr bool gated = requires {
  requires L::gated;
};
///@}

/// Rows of the rotary table that a read of a layer needs; a layer that does not say needs none.
template <class L>
constexpr Index positions_of(const ModelSpec& spec) {
  if constexpr (requires { L::positions(spec); }) {
    return L::positions(spec);
  } else {
    return 0;
  }
}

/// Throws ShapeError or RangeError unless `state` can be what a layer remembers at `position`; a
/// layer that does not say what can be is believed.
template <class L, ModelSpec Spec>
void expect_state_of(const auto& state, Index position) {
  if constexpr (requires { L::template expect<Spec>(state, position); }) {
    L::template expect<Spec>(state, position);
  }
}

}  // namespace detail

/// A part of a block: rows in, rows out, of the residual stream's width. Written once, for every
/// algebra: matrices give values, variables on a tape give gradients, duals their derivatives.
///
/// A layer L has L::names and the trees L::Params<A>, L::State<A>; L::tensors<spec>() says what its
/// parameters are, and
///
///   X L::read<spec>(const Params<P>& params, State<X>& state, const X& x, const Pass<X>& pass)
///
/// reads the rows of x, which follow the tokens that `state` remembers, and updates `state`.
///
/// \law causal     row t of the result depends on the state and on rows 0..t of x, bit for bit
/// \law streaming  cutting x into reads changes no result beyond rounding
template <class L>
concept Layer = requires(const typename L::template Params<Matrix<float>>& params,
                         typename L::template State<Matrix<float>>& state) {
  requires Tree<decltype(params)> && Tree<decltype(state)>;
  { L::names } -> std::convertible_to<PartNames>;
};

}  // namespace ttt
