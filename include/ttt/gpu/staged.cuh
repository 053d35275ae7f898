// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/view.hpp>
#include <ttt/gpu/warp.cuh>

#include <cstddef>

namespace ttt::gpu::detail {

/// Rows of one head where all threads of a block reach them fast, zero behind the last row and the
/// last column. E is what products are computed with.
template <class E, int Width>
struct StagedRows {
  static constexpr int stride = Width + static_cast<int>(16 / sizeof(E));  ///< apart in the banks

  E* elements;

  [[nodiscard]] TTT_HD E* row(int r) const { return elements + r * stride; }
  [[nodiscard]] TTT_HD StagedRows from(int r) const { return {row(r)}; }
};

/// Both halves of a dual's.
template <class E, int Width>
struct DualStagedRows {
  StagedRows<E, Width> value, tangent;

  [[nodiscard]] TTT_HD DualStagedRows from(int r) const { return {value.from(r), tangent.from(r)}; }
};

/// The rows of the numbers N.
template <class N, class E, int Width>
using StagedOf =
    std::conditional_t<ttt::detail::is_dual<N>, DualStagedRows<E, Width>, StagedRows<E, Width>>;

/// Hands out the fast memory of a block.
struct Arena {
  unsigned char* next;

  /// Room for `count` of T.
  template <class T>
  [[nodiscard]] TTT_HD T* take(int count) {
    T* const memory = reinterpret_cast<T*>(next);
    next += room<T>(count);
    return memory;
  }
  ///@{
  /// Room for rows of a head.
  template <class E, int Width>
  TTT_HD void take(StagedRows<E, Width>& rows, int count) {
    rows.elements = take<E>(count * StagedRows<E, Width>::stride);
  }
  template <class E, int Width>
  TTT_HD void take(DualStagedRows<E, Width>& rows, int count) {
    take(rows.value, count);
    take(rows.tangent, count);
  }
  ///@}
  /// The bytes of `count` of T, whole units of 16.
  template <class T>
  [[nodiscard]] TTT_HD static constexpr std::size_t room(int count) {
    return (static_cast<std::size_t>(count) * sizeof(T) + 15) / 16 * 16;
  }
};

/// The bytes of `count` rows.
template <class N, class E, int Width>
[[nodiscard]] constexpr std::size_t staged_bytes(int count) {
  return (ttt::detail::is_dual<N> ? 2 : 1) * Arena::room<E>(count * StagedRows<E, Width>::stride);
}

/// Where the rows of one head are in an array.
struct HeadRows {
  Index first;  ///< row
  Index count;  ///< rows that are there
  Index col;    ///< of the head
  Index width;  ///< of the head

  /// Those from row n on.
  [[nodiscard]] TTT_HD HeadRows from(Index n) const { return {first + n, count - n, col, width}; }
};

/// Four neighbours, which one access moves.
template <class T>
struct alignas(sizeof(T) < 4 ? 4 * sizeof(T) : 16) Four {
  T element[4];
};

///@{
/// All threads of the block bring `rows` rows to where they reach them fast.
template <class Arithmetic, class E, int Width, class S>
TTT_HD void stage(const StagedRows<E, Width>& to, int rows, const View<const S>& from,
                  const HeadRows& at) {
  const bool aligned = from.stride % 4 == 0 && at.col % 4 == 0 && at.width % 4 == 0 &&
                       reinterpret_cast<std::size_t>(from.data) % 16 == 0;
  for (int n = static_cast<int>(member()); n < rows * (Width / 4);
       n += static_cast<int>(members())) {
    const int r = n / (Width / 4);
    const int c = n % (Width / 4) * 4;
    Four<S> here{};
    if (from.data != nullptr && r < at.count && c < at.width) {
      const S* const source = from.data + (at.first + r) * from.stride + at.col + c;
      if (aligned) {
        here = *reinterpret_cast<const Four<S>*>(source);
      } else {
        for (int e = 0; e < 4; ++e) here.element[e] = c + e < at.width ? source[e] : S(0);
      }
    }
    Four<E> there;
    TTT_UNROLL
    for (int e = 0; e < 4; ++e) there.element[e] = Arithmetic::factor(here.element[e]);
    *reinterpret_cast<Four<E>*>(to.row(r) + c) = there;
  }
}
template <class Arithmetic, class E, int Width, class S>
TTT_HD void stage(const DualStagedRows<E, Width>& to, int rows, const Dual<View<const S>>& from,
                  const HeadRows& at) {
  stage<Arithmetic>(to.value, rows, from.value, at);
  stage<Arithmetic>(to.tangent, rows, from.tangent, at);
}
///@}

}  // namespace ttt::gpu::detail
