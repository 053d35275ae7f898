// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// The surprisal of each target: its negative log-probability under the softmax of its row.
///
///   y_t = log(sum_v exp(x_tv)) - x_t,target(t)
///
/// \shape  x [tokens, vocab], targets [tokens] -> [tokens, 1]
/// \units  nats
/// \throws ShapeError if there are not as many targets as rows; RangeError if a target is outside
///         the vocabulary.
/// \cost   two passes over x, one in the pullback; no array of x's shape but the cotangent
struct CrossEntropy {
  static constexpr OperationTraits traits{.inputs = 1};  ///< see OperationTraits

  std::vector<Token> targets;  ///< one for each row

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    expect_shape("cross_entropy", "logits", x, {std::ssize(targets), any_extent});
    expect_targets("cross_entropy", targets, col_count(x));
    A y = uninitialised<A>(row_count(x), 1);
    PrimitivesOf<A>::map_rows(Forward{}, Rows{row_count(x), 1, col_count(x)}, view(y), view(x),
                              indices<A>(targets));
    return y;
  }

  /// Throws RangeError unless every target is in the vocabulary.
  static void expect_targets(const char* operation, std::span<const Token> targets, Index vocab) {
    for (const Token target : targets) {
      if (target >= 0 && target < vocab) continue;
      throw RangeError(std::string(operation) + ": target must be in 0.." +
                       std::to_string(vocab - 1) + ", got " + std::to_string(target));
    }
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& y, const A& dy, const Input<A>& x) const {
    A dx = x.term();
    PrimitivesOf<A>::map_rows(Backward{}, Rows{x.rows(), 1, x.cols()}, view(dx), view(y), view(dy),
                              view(x.value()), indices<A>(targets));
    x.add(std::move(dx));
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    template <class Row, class Y, class X, class Targets>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x, const Targets& token) const {
      const auto largest = row.max(0, row.width, [&](auto i) { return value_of(x[i]); });
      const auto total = row.sum([&](auto i) { return exp(x[i] - largest); });
      y.set_at(0, log(total) + largest - x.at(token[row.index]));
    }
  };

  struct Backward {
    template <class Row, class Dx, class Y, class Dy, class X, class Targets>
    TTT_HD void operator()(const Row& row, const Dx& dx, const Y& y, const Dy& dy, const X& x,
                           const Targets& token) const {
      const auto target = token[row.index];
      const auto log_sum = y.at(0) + x.at(target);
      const auto g = dy.at(0);
      row.each([&](auto i) { dx.set(i, exp(x[i] - log_sum) * g); });
      using S = Scalar<decltype(g)>;
      dx.add_at(target, g * S(-1));
    }
  };
};

/// The surprisal of each target, in nats.
template <class X>
[[nodiscard]] auto cross_entropy(const X& logits, std::span<const Token> targets) {
  return apply(CrossEntropy{{targets.begin(), targets.end()}}, logits);
}

static_assert(Operation<CrossEntropy>);

}  // namespace ttt
