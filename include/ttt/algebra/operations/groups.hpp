// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/activations.hpp>

#include <utility>

namespace ttt {

/// Heads multiplied element by element with those that groups of neighbours share.
///
///   y_h = a_h b_g,    g = h / (heads / groups)
///
/// \shape  a [rows, heads * width], b [rows, groups * width] -> the shape of a
/// \throws ShapeError if b has another shape.
/// \cost   one pass over a; the pullback two
struct MultiplyGroups {
  static constexpr OperationTraits traits{.inputs = 2};  ///< see OperationTraits

  Index heads;   ///< of a
  Index groups;  ///< of b, a divisor of heads and fewer

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& a, const A& b) const {
    if (col_count(a) % heads != 0) expect_shape("multiply_groups", "a", a, {any_extent, heads});
    expect_shape("multiply_groups", "b", b, {row_count(a), col_count(a) / heads * groups});
    A y = uninitialised<A>(row_count(a), col_count(a));
    multiply(y, a, b);
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& a, const Input<A>& b) const {
    if (a.wanted()) {
      A da = a.term();
      multiply(da, dy, b.value());
      a.add(std::move(da));
    }
    if (b.wanted()) {
      PrimitivesOf<A>::map_rows(Gather{heads / groups}, Rows{b.rows(), groups, b.cols() / groups},
                                b.sum(), view(dy), view(a.value()));
    }
  }

 private:
  template <Array A>
  void multiply(A& y, const A& a, const A& b) const {
    PrimitivesOf<A>::map_rows(Spread{heads / groups},
                              Rows{row_count(a), heads, col_count(a) / heads}, view(y), view(a),
                              view(b));
  }

 public:  // because kernels of a device are named after them
  struct Spread {
    Index members;  ///< heads of a group
    template <class Row, class Y, class A, class B>
    TTT_HD void operator()(const Row& row, const Y& y, const A& a, const B& b) const {
      const Index first = row.group / members * row.width;
      row.each([&](auto i) { y.set(i, a[i] * b[i + first]); });
    }
  };
  struct Gather {
    Index members;  ///< heads of a group
    template <class Row, class Db, class Dy, class A>
    TTT_HD void operator()(const Row& row, const Db& db, const Dy& dy, const A& a) const {
      for (Index n = 0; n < members; ++n) {
        const Index first = (row.group * members + n) * row.width;
        row.each([&](auto i) { db.add(i, dy[i + first] * a[i + first]); });
      }
    }
  };
};

/// a_h b_g for each head h, element by element, with the b_g of its group.
template <class Left, class Right>
[[nodiscard]] auto multiply_groups(const Left& a, const Right& b, Index heads, Index groups) {
  return heads == groups ? multiply_elements(a, b)
                         : apply(MultiplyGroups{.heads = heads, .groups = groups}, a, b);
}

static_assert(Operation<MultiplyGroups>);

}  // namespace ttt
