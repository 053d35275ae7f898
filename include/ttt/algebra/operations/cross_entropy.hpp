// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace ttt {

/// How much each target surprises: its negative log-probability under the softmax of its row.
///
///   y_t = log(sum_v exp(x_tv)) - x_t,target(t)
///
/// \shape  x [tokens, vocab], targets [tokens] -> [tokens, 1]
/// \units  nats
/// \throws ShapeError if there are not as many targets as rows; RangeError if a target is outside
///         the vocabulary.
/// \cost   two passes over x, one in the pullback; no array of x's shape but the cotangent
struct CrossEntropy {
  static constexpr bool remembers = true;

  std::vector<Token> targets;  ///< one for each row

  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    expect_shape("cross_entropy", "logits", value_of(x), {static_cast<Index>(targets.size()), any});
    for (const Token target : targets) {
      if (target < 0 || target >= cols(x)) {
        throw RangeError("cross_entropy: target must be in 0.." + std::to_string(cols(x) - 1) +
                         ", got " + std::to_string(target));
      }
    }
    A y = uninitialised<A>(rows(x), 1);
    for (Index t = 0; t < rows(x); ++t) {
      set_element(y, t, log_sum(x, t) - element(x, place(x, t)));
    }
    return y;
  }

  template <Array A>
  void pullback(const A& y, const A& dy, const Input<A>& x) const {
    const A& logits = x.value();
    A dx = uninitialised<A>(rows(logits), cols(logits));
    for (Index t = 0; t < rows(logits); ++t) {
      const NumberOf<A> total = element(y, t) + element(logits, place(logits, t));  // log_sum
      const NumberOf<A> g = element(dy, t);
      for_each_lane<Scalar<A>>(cols(logits), [&](Index i, Index count) {
        const Index at = t * cols(logits) + i;
        store(exp(load(logits, at, count) - total) * g, dx, at, count);
      });
      set_element(dx, place(logits, t), element(dx, place(logits, t)) - g);
    }
    x.add(std::move(dx));
  }

 private:
  template <Array A>
  [[nodiscard]] Index place(const A& x, Index t) const {
    return t * cols(x) + targets[static_cast<std::size_t>(t)];
  }

  template <Array A>
  [[nodiscard]] static NumberOf<A> log_sum(const A& x, Index t) {
    using S = Scalar<A>;
    const S largest = value_of(x).row(t).maxCoeff();
    LaneOf<A> lanes = zero_lane<A>();
    NumberOf<A> tail{};
    for_each_lane<S>(cols(x), [&](Index i, Index count) {
      const LaneOf<A> e = exp(load(x, t * cols(x) + i, count) - largest);
      if (count == Lane<S>::size) {
        lanes = lanes + e;
      } else {
        tail = sum_first(e, count);
      }
    });
    return log(sum(lanes) + tail) + largest;
  }
};

/// The surprisal of each target, in nats.
template <class X>
[[nodiscard]] auto cross_entropy(const X& logits, std::span<const Token> targets) {
  return apply(CrossEntropy{{targets.begin(), targets.end()}}, logits);
}

static_assert(Operation<CrossEntropy>);

}  // namespace ttt
