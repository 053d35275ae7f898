// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// Root-mean-square normalisation of each group of a row.
///
///   y = w x / sqrt(mean(x^2) + epsilon)
///
/// The weight is as wide as a group, which is then a whole row or a head, and shared by the groups;
/// or `groups` says how many there are, and each has weights of its own.
///
/// \shape  x [rows, groups * width], w [1, width] or [1, groups * width] -> the shape of x
/// \throws ShapeError if the width of x is no multiple of the width of w, or of `groups`.
/// \cost   two passes over x; the pullback three
/// \source Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467
struct RmsNorm {
  static constexpr OperationTraits traits{.inputs = 2};  ///< see OperationTraits

  /// Keeps the scale of a group of zeros finite; as in the code of arXiv:2512.23675.
  double epsilon = 1e-6;
  Index groups = 0;  ///< of a row, with weights of their own; 0 where they share the weight

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x, const A& w) const {
    const Index width = col_count(w);
    if (groups > 0 || row_count(w) != 1 || width == 0 || col_count(x) % width != 0) {
      expect_shape("rms_norm", "weight", w, {1, col_count(x)});
    }
    if (groups > 0 && width % groups != 0) {
      expect_shape("rms_norm", "x", x, {any_extent, groups});
    }
    A y = uninitialised<A>(row_count(x), col_count(x));
    PrimitivesOf<A>::map_rows(Forward{epsilon}, rows(x, w), view(y), view(x), view(w));
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x, const Input<A>& w) const {
    A dx = x.term();
    PrimitivesOf<A>::map_rows(Backward{epsilon}, rows(x.value(), w.value()), view(dx), Sum{w.sum()},
                              view(dy), view(x.value()), view(w.value()));
    x.add(std::move(dx));
  }

 private:
  template <Array A>
  [[nodiscard]] Rows rows(const A& x, const A& w) const {
    const Index width = groups > 0 ? col_count(w) / groups : col_count(w);
    return {row_count(x), col_count(x) / width, width};
  }

  /// 1 / sqrt(mean(x^2) + epsilon)
  template <class Row, class X>
  TTT_HD static auto scale(const Row& row, const X& x, double epsilon) {
    const auto squares = row.sum([&](auto i) { return x[i] * x[i]; });
    using S = Scalar<decltype(squares)>;
    return reciprocal_root(squares * (S(1) / S(row.width)) + S(epsilon));
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    double epsilon;
    template <class Row, class Y, class X, class W>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x, const W& w) const {
      const auto s = scale(row, x, epsilon);
      row.each([&](auto i) { y.set(i, x[i] * s * w[i]); });
    }
  };

  struct Backward {
    double epsilon;
    template <class Row, class Dx, class Dw, class Dy, class X, class W>
    TTT_HD void operator()(const Row& row, const Dx& dx, const Dw& dw, const Dy& dy, const X& x,
                           const W& w) const {
      const auto s = scale(row, x, epsilon);
      const auto along = row.sum([&](auto i) {
        const auto normal = x[i] * s;
        dw.add(i, dy[i] * normal);
        return dy[i] * w[i] * normal;
      });
      using S = Scalar<decltype(along)>;
      const auto mean = along * (S(1) / S(row.width));
      row.each([&](auto i) { dx.set(i, (dy[i] * w[i] - x[i] * s * mean) * s); });
    }
  };
};

/// w x / sqrt(mean(x^2) + epsilon), over groups as wide as w, or over `groups` groups of x and w
template <class X, class W>
[[nodiscard]] auto rms_norm(const X& x, const W& w, double epsilon = 1e-6, Index groups = 0) {
  return apply(RmsNorm{.epsilon = epsilon, .groups = groups}, x, w);
}

static_assert(Operation<RmsNorm>);

}  // namespace ttt
