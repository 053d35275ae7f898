// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// Normalisation of each group of a row to mean 0 and variance 1, one weight and one bias per place
/// in the group.
///
///   y = w (x - mean(x)) / sqrt(var(x) + epsilon) + b
///
/// A weight as wide as x makes each row one group; a weight as wide as a head normalises heads.
/// Heads with weights of their own are `groups` of a weight as wide as x.
///
/// \shape  x [rows, groups * width], w and b [1, width], or [1, groups * width] -> the shape of x
/// \throws ShapeError if the width of x is no multiple of that of w or of `groups`, or b has
///         another shape than w.
/// \cost   three passes over x; the pullback four
/// \source Ba et al. 2016, "Layer Normalization", arXiv:1607.06450
struct LayerNorm {
  static constexpr OperationTraits traits{.inputs = 3};  ///< see OperationTraits

  /// Keeps the scale of a group of equal numbers finite; as in the code of arXiv:2603.06642.
  double epsilon = 1e-5;
  Index groups = 0;  ///< of a row, if each has a weight of its own; 0 for the width of w to say

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x, const A& w, const A& b) const {
    const Index width = col_count(w);
    if (row_count(w) != 1 || width == 0 || col_count(x) % width != 0 ||
        (groups > 0 && (width != col_count(x) || width % groups != 0))) {
      expect_shape("layer_norm", "weight", w, {1, col_count(x)});
    }
    expect_shape("layer_norm", "bias", b, {1, width});
    A y = uninitialised<A>(row_count(x), col_count(x));
    PrimitivesOf<A>::map_rows(Forward{epsilon}, rows(x, w), view(y), view(x), view(w), view(b));
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x, const Input<A>& w,
                const Input<A>& b) const {
    A dx = x.term();
    PrimitivesOf<A>::map_rows(Backward{epsilon}, rows(x.value(), w.value()), view(dx), Sum{w.sum()},
                              Sum{b.sum()}, view(dy), view(x.value()), view(w.value()));
    x.add(std::move(dx));
  }

 private:
  template <Array A>
  [[nodiscard]] Rows rows(const A& x, const A& w) const {
    const Index count = groups > 0 ? groups : col_count(x) / col_count(w);
    return {row_count(x), count, col_count(x) / count};
  }

  template <class Row, class X>
  TTT_HD static auto mean_of(const Row& row, const X& x) {
    const auto total = row.sum([&](auto i) { return x[i]; });
    using S = Scalar<decltype(total)>;
    return total * (S(1) / S(row.width));
  }
  /// 1 / sqrt(var(x) + epsilon)
  template <class Row, class X, class Mean>
  TTT_HD static auto scale(const Row& row, const X& x, const Mean& mean, double epsilon) {
    const auto squares = row.sum([&](auto i) {
      const auto off = x[i] - mean;
      return off * off;
    });
    using S = Scalar<Mean>;
    return reciprocal_root(squares * (S(1) / S(row.width)) + S(epsilon));
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    double epsilon;
    template <class Row, class Y, class X, class W, class B>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x, const W& w, const B& b) const {
      const auto mean = mean_of(row, x);
      const auto s = scale(row, x, mean, epsilon);
      row.each([&](auto i) { y.set(i, (x[i] - mean) * s * w[i] + b[i]); });
    }
  };

  struct Backward {
    double epsilon;
    template <class Row, class Dx, class Dw, class Db, class Dy, class X, class W>
    TTT_HD void operator()(const Row& row, const Dx& dx, const Dw& dw, const Db& db, const Dy& dy,
                           const X& x, const W& w) const {
      const auto mean = mean_of(row, x);
      const auto s = scale(row, x, mean, epsilon);
      using S = Scalar<decltype(mean)>;
      const S share = S(1) / S(row.width);
      const auto along_one = row.sum([&](auto i) {
        dw.add(i, dy[i] * ((x[i] - mean) * s));
        db.add(i, dy[i]);
        return dy[i] * w[i];
      }) * share;
      const auto along_normal =
          row.sum([&](auto i) { return dy[i] * w[i] * ((x[i] - mean) * s); }) * share;
      row.each([&](auto i) {
        dx.set(i, (dy[i] * w[i] - along_one - (x[i] - mean) * s * along_normal) * s);
      });
    }
  };
};

/// w (x - mean(x)) / sqrt(var(x) + epsilon) + b, over groups as wide as w, or over `groups`
template <class X, class W, class B>
[[nodiscard]] auto layer_norm(const X& x, const W& w, const B& b, double epsilon = 1e-5,
                              Index groups = 0) {
  return apply(LayerNorm{.epsilon = epsilon, .groups = groups}, x, w, b);
}

static_assert(Operation<LayerNorm>);

}  // namespace ttt
