// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// The gradient, with respect to z, of how far a normalised answer to a key is from its value.
///
///   loss = |k + LN(z) - v|^2 / 2,    LN(z) = w n + b,    n = (z - mean(z)) s,
///   s = 1 / sqrt(var(z) + epsilon)
///   y = s (a - mean(a) - n mean(a n)),    a = w (LN(z) + k - v)
///
/// \shape  z, k, v [rows, heads * head], w and b [1, heads * head] -> [rows, heads * head];
///         each head is normalised by itself
/// \throws ShapeError if shapes differ, or the width is no multiple of `heads`.
/// \cost   some passes over z; the pullback twice as many
/// \source Sun et al. 2024, "Learning to (Learn at Test Time)", arXiv:2407.04620; the pullback ours
struct ReconstructionGradient {
  static constexpr OperationTraits traits{.inputs = 5};  ///< see OperationTraits

  Index heads;            ///< that lie side by side
  double epsilon = 1e-6;  ///< keeps the scale of equal numbers finite

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& z, const A& k, const A& v, const A& w, const A& b) const {
    const Index width = col_count(z);
    if (width % heads != 0) expect_shape("reconstruction_gradient", "z", z, {any_extent, heads});
    expect_shape("reconstruction_gradient", "k", k, {row_count(z), width});
    expect_shape("reconstruction_gradient", "v", v, {row_count(z), width});
    expect_shape("reconstruction_gradient", "weight", w, {1, width});
    expect_shape("reconstruction_gradient", "bias", b, {1, width});
    A y = uninitialised<A>(row_count(z), width);
    PrimitivesOf<A>::map_rows(Forward{epsilon}, rows(z), view(y), view(z), view(k), view(v),
                              view(w), view(b));
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& z, const Input<A>& k,
                const Input<A>& v, const Input<A>& w, const Input<A>& b) const {
    A dz = z.term();
    A dk = uninitialised<A>(z.rows(), z.cols());
    PrimitivesOf<A>::map_rows(Backward{epsilon}, rows(z.value()), view(dz), view(dk), Sum{w.sum()},
                              Sum{b.sum()}, view(dy), view(z.value()), view(k.value()),
                              view(v.value()), view(w.value()), view(b.value()));
    z.add(std::move(dz));
    v.add_linear(dk, [](const auto& half) { return scaled(half, -1); });
    k.add(std::move(dk));
  }

 private:
  template <Array A>
  [[nodiscard]] Rows rows(const A& z) const {
    return {row_count(z), heads, col_count(z) / heads};
  }

  template <class Row, class F>
  TTT_HD static auto mean(const Row& row, F&& f) {
    const auto total = row.sum(f);
    using S = Scalar<decltype(total)>;
    return total * (S(1) / S(row.width));
  }
  /// 1 / sqrt(var(z) + epsilon)
  template <class Row, class Z, class Mean>
  TTT_HD static auto scale(const Row& row, const Z& z, const Mean& center, double epsilon) {
    const auto squares = mean(row, [&](auto i) {
      const auto off = z[i] - center;
      return off * off;
    });
    return reciprocal_root(squares + Scalar<Mean>(epsilon));
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    double epsilon;
    template <class Row, class Y, class Z, class K, class V, class W, class B>
    TTT_HD void operator()(const Row& row, const Y& y, const Z& z, const K& k, const V& v,
                           const W& w, const B& b) const {
      const auto center = mean(row, [&](auto i) { return z[i]; });
      const auto s = scale(row, z, center, epsilon);
      const auto normal = [&](auto i) { return (z[i] - center) * s; };
      const auto error = [&](auto i) { return w[i] * (w[i] * normal(i) + b[i] + k[i] - v[i]); };
      const auto along_one = mean(row, error);
      const auto along_normal = mean(row, [&](auto i) { return error(i) * normal(i); });
      row.each([&](auto i) { y.set(i, (error(i) - along_one - normal(i) * along_normal) * s); });
    }
  };

  /// The step from a to y is its own transpose. What depends on z otherwise is its scale and n.
  struct Backward {
    double epsilon;
    template <class Row, class Dz, class Dk, class Dw, class Db, class Dy, class Z, class K,
              class V, class W, class B>
    TTT_HD void operator()(const Row& row, const Dz& dz, const Dk& dk, const Dw& dw, const Db& db,
                           const Dy& dy, const Z& z, const K& k, const V& v, const W& w,
                           const B& b) const {
      const auto center = mean(row, [&](auto i) { return z[i]; });
      const auto s = scale(row, z, center, epsilon);
      const auto normal = [&](auto i) { return (z[i] - center) * s; };
      const auto missed = [&](auto i) { return w[i] * normal(i) + b[i] + k[i] - v[i]; };
      const auto error = [&](auto i) { return w[i] * missed(i); };
      const auto error_one = mean(row, error);
      const auto error_normal = mean(row, [&](auto i) { return error(i) * normal(i); });
      const auto dy_one = mean(row, [&](auto i) { return dy[i]; });
      const auto dy_normal = mean(row, [&](auto i) { return dy[i] * normal(i); });
      const auto of_error = [&](auto i) { return (dy[i] - dy_one - normal(i) * dy_normal) * s; };
      const auto y = [&](auto i) { return (error(i) - error_one - normal(i) * error_normal) * s; };
      const auto of_normal = [&](auto i) {
        return of_error(i) * w[i] * w[i] - (dy[i] * error_normal + error(i) * dy_normal) * s;
      };
      const auto dy_y = mean(row, [&](auto i) { return dy[i] * y(i); });
      const auto normal_one = mean(row, of_normal);
      const auto normal_normal = mean(row, [&](auto i) { return of_normal(i) * normal(i); });
      row.each([&](auto i) {
        const auto n = normal(i);
        const auto back = of_error(i);
        dk.set(i, back * w[i]);
        db.add(i, back * w[i]);
        dw.add(i, back * (missed(i) + w[i] * n));
        dz.set(i, (of_normal(i) - normal_one - n * normal_normal - n * dy_y) * s);
      });
    }
  };
};

/// The gradient of |k + LN(z; w, b) - v|^2 / 2 with respect to z, head by head.
template <class Z, class K, class V, class W, class B>
[[nodiscard]] auto reconstruction_gradient(const Z& z, const K& k, const V& v, const W& w,
                                           const B& b, Index heads, double epsilon = 1e-6) {
  return apply(ReconstructionGradient{.heads = heads, .epsilon = epsilon}, z, k, v, w, b);
}

static_assert(Operation<ReconstructionGradient>);

}  // namespace ttt
