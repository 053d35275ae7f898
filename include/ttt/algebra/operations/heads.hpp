// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

#include <utility>

namespace ttt {

/// Which side of a product is transposed.
enum class Flip { none, left, right };

/// The matrix product, head by head, of arrays whose heads lie side by side in their columns.
///
///   y_h = a_h b_h,  a_h^T b_h  or  a_h b_h^T
///
/// \shape  a [rows, heads * inner], b [inner, heads * cols] -> [rows, heads * cols]; of a side that
///         is flipped the two extents of every head change places
/// \throws ShapeError if a width is no multiple of `heads`, or the inner extents differ.
/// \cost   O(rows * inner * cols * heads); the pullback twice that
template <Flip Flipped>
struct HeadProduct {
  static constexpr bool remembers = true;

  Index heads;  ///< of equal width in each array

  template <Array A>
  [[nodiscard]] A value(const A& a, const A& b) const {
    expect_shapes(value_of(a), value_of(b));
    const Index height = Flipped == Flip::left ? head(a) : rows(a);
    const Index width = Flipped == Flip::right ? rows(b) : head(b);
    A y = zeros<A>(height, heads * width);
    for (Index h = 0; h < heads; ++h) {
      add_block(y, 0, h * width, multiplied(of_head(a, h), of_head(b, h)));
    }
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& a, const Input<A>& b) const {
    A da = zeros<A>(rows(a.value()), cols(a.value()));
    A db = zeros<A>(rows(b.value()), cols(b.value()));
    for (Index h = 0; h < heads; ++h) {
      const A left = of_head(a.value(), h);
      const A right = of_head(b.value(), h);
      const A g = of_head(dy, h);
      const auto add_parts = [&](const A& to_a, const A& to_b) {
        add_block(da, 0, h * cols(left), to_a);
        add_block(db, 0, h * cols(right), to_b);
      };
      if constexpr (Flipped == Flip::none) {
        add_parts(a.part(g, transposed(right)), b.part(transposed(left), g));
      } else if constexpr (Flipped == Flip::left) {
        add_parts(a.part(right, transposed(g)), b.part(left, g));
      } else {
        add_parts(a.part(g, right), b.part(transposed(g), left));
      }
    }
    if (a.wanted()) a.add(std::move(da));
    if (b.wanted()) b.add(std::move(db));
  }

 private:
  template <Array A>
  [[nodiscard]] Index head(const A& x) const {
    return cols(x) / heads;
  }
  template <Array A>
  [[nodiscard]] A of_head(const A& x, Index h) const {
    return block(x, 0, h * head(x), rows(x), head(x));
  }

  template <Array A>
  [[nodiscard]] static A multiplied(const A& a, const A& b) {
    if constexpr (Flipped == Flip::none) {
      return product<A>(a, b);
    } else if constexpr (Flipped == Flip::left) {
      return product<A>(transposed(a), b);
    } else {
      return product<A>(a, transposed(b));
    }
  }

  template <class M>
  void expect_shapes(const M& a, const M& b) const {
    if (a.cols() % heads != 0) expect_shape("matmul_heads", "a", a, {any, heads});
    if (b.cols() % heads != 0) expect_shape("matmul_heads", "b", b, {any, heads});
    if constexpr (Flipped == Flip::none) {
      expect_shape("matmul_heads", "b", b, {head(a), any});
    } else if constexpr (Flipped == Flip::left) {
      expect_shape("matmul_heads", "b", b, {a.rows(), any});
    } else {
      expect_shape("matmul_heads", "b", b, {any, a.cols()});
    }
  }
};

/// Each head multiplied by a number of its own.
///
///   y_h = by s_h x_h
///
/// \shape  x [rows, heads * head], s [1, heads] -> the shape of x
/// \throws ShapeError if s is no row, or the width of x is no multiple of its width.
struct ScaleHeads {
  static constexpr bool remembers = true;

  double by = 1;  ///< a constant for all of them

  template <Array A>
  [[nodiscard]] A value(const A& x, const A& s) const {
    if (rows(s) != 1 || cols(s) == 0 || cols(x) % cols(s) != 0) {
      expect_shape("scale_heads", "s", value_of(s), {1, cols(x)});
    }
    return scaled(x, s);
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x, const Input<A>& s) const {
    if (x.wanted()) x.add(scaled(dy, s.value()));
    if (!s.wanted()) return;
    A ds = zeros<A>(1, cols(s.value()));
    for_each_head(dy, s.value(), [&](Index at, Index head, Index h) {
      LaneOf<A> lanes = zero_lane<A>();
      for_each_lane<Scalar<A>>(head, [&](Index i, Index count) {
        lanes = lanes + load(x.value(), at + i, count) * load(dy, at + i, count);
      });
      set_element(ds, h, element(ds, h) + sum(lanes) * static_cast<Scalar<A>>(by));
    });
    s.add(std::move(ds));
  }

 private:
  /// Calls visit(place of the first element, width, number) for each head of each row.
  template <Array A, class Visit>
  static void for_each_head(const A& x, const A& s, Visit&& visit) {
    const Index head = cols(x) / cols(s);
    for (Index n = 0; n < rows(x) * cols(s); ++n) visit(n * head, head, n % cols(s));
  }

  template <Array A>
  [[nodiscard]] A scaled(const A& x, const A& s) const {
    A y = uninitialised<A>(rows(x), cols(x));
    for_each_head(x, s, [&](Index at, Index head, Index h) {
      const NumberOf<A> factor = element(s, h) * static_cast<Scalar<A>>(by);
      for_each_lane<Scalar<A>>(head, [&](Index i, Index count) {
        store(load(x, at + i, count) * factor, y, at + i, count);
      });
    });
    return y;
  }
};

/// The product of each head of a with the head of b, of which one may be transposed.
template <Flip Flipped = Flip::none, class Left, class Right>
[[nodiscard]] auto matmul_heads(const Left& a, const Right& b, Index heads) {
  return apply(HeadProduct<Flipped>{.heads = heads}, a, b);
}

/// by s_h x_h for each head h; a single s scales the whole.
template <class X, class Factors>
[[nodiscard]] auto scale_heads(const X& x, const Factors& s, double by = 1) {
  return apply(ScaleHeads{.by = by}, x, s);
}

static_assert(Operation<HeadProduct<Flip::none>> && Operation<ScaleHeads>);

}  // namespace ttt
