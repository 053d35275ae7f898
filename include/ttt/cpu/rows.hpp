// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>
#include <ttt/cpu/accessors.hpp>
#include <ttt/parallel/team.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt::cpu {

/// One group of one row: which one, and walks over its elements.
template <class S>
struct Row {
  Index index;  ///< of the row
  Index group;  ///< within the row
  Index width;  ///< elements

  /// Calls f(i) for all elements, or for `count` of them from `first` on, in any order.
  template <class F>
  [[gnu::always_inline]] void each(F&& f) const {
    each(0, width, f);
  }
  template <class F>
  [[gnu::always_inline]] void each(Index first, Index count, F&& f) const {
    for_each_lane<S>(count, [&](auto i) { f(i + first); });
  }

  /// The sum of f(i), always in the same order.
  template <class F>
  [[gnu::always_inline]] auto sum(F&& f) const {
    return sum(0, width, f);
  }
  template <class F>
  [[gnu::always_inline]] auto sum(Index first, Index count, F&& f) const {
    using N = std::remove_cvref_t<decltype(f(FullAt<S>{0}))>;
    N lanes = zero_number<N>();
    for_each_lane<S>(count, [&](auto i) { lanes = lanes + filled_behind(f(i + first), i, S(0)); });
    return total(lanes);
  }

  /// The largest f(i), which is a value and no dual; minus infinity of none.
  template <class F>
  [[gnu::always_inline]] S max(Index first, Index count, F&& f) const {
    constexpr S least = -std::numeric_limits<S>::infinity();
    Lane<S> largest{Eigen::Array<S, Lane<S>::size, 1>::Constant(least)};
    for_each_lane<S>(
        count, [&](auto i) { largest.x = largest.x.max(filled_behind(f(i + first), i, least).x); });
    return largest.x.maxCoeff();
  }
};

/// Elements that are worth handing over to another thread; ours.
inline constexpr Index least_elements = 1 << 13;

/// f(row, argument...) for each group of each row, in their order; rows that add to no common sum
/// are shared by the threads of the calling thread's team.
template <class S, class F, class... Args>
void map_rows(const F& f, const Rows& rows, const Args&... args) {
  const auto walk = [&](Index first, Index end) {
    for (Index t = first; t < end; ++t) {
      for (Index g = 0; g < rows.groups; ++g) {
        f(Row<S>{t, g, rows.width}, part(args, t, g, rows)...);
      }
    }
  };
  if constexpr ((... || ttt::detail::is_sum<Args>)) {
    walk(0, rows.rows);
  } else {
    const Index elements = std::max<Index>(1, rows.groups * rows.width);
    for_each_range(rows.rows, 1, least_elements / elements + 1, walk);
  }
}

///@{
/// Whether the elements of a view, or of both halves of a dual's, lie side by side.
template <class S>
[[nodiscard]] bool is_contiguous(const View<S>& v) {
  return v.data == nullptr || v.contiguous();
}
template <class V>
[[nodiscard]] bool is_contiguous(const Dual<V>& v) {
  return is_contiguous(v.value) && is_contiguous(v.tangent);
}
///@}

///@{
/// The outputs of map, one or several.
template <class V>
[[nodiscard]] std::array<V, 1> all_outputs(const V& one) {
  return {one};
}
template <class V, std::size_t N>
[[nodiscard]] const std::array<V, N>& all_outputs(const std::array<V, N>& many) {
  return many;
}
///@}

/// Writes what f returned: a number, or a std::array of one for each output.
template <class Writers, class Place, class Result>
[[gnu::always_inline]] inline void put(const Writers& writers, Place i, const Result& result) {
  if constexpr (
      requires { result[0].value.x; } || requires { result[0].x; }) {
    for (std::size_t n = 0; n < writers.size(); ++n) writers[n].set(i, result[n]);
  } else {
    writers[0].set(i, result);
  }
}

/// out = f(in...), element by element; f returns a number, or a std::array of one for each output.
/// The first input has the shape of all.
template <class F, class Outs, class In, class... Ins>
void map(const F& f, const Outs& outs, const In& in, const Ins&... ins) {
  const auto all = all_outputs(outs);
  using S = Scalar<std::remove_cvref_t<decltype(all[0])>>;
  const bool flat = is_contiguous(in) && (... && is_contiguous(ins)) &&
                    std::ranges::all_of(all, [](const auto& v) { return is_contiguous(v); });
  const Index height = row_count(in);
  const Index width = col_count(in);
  const Rows rows = flat ? Rows{1, 1, height * width} : Rows{height, 1, width};
  const auto walk = [&](Index row, Index first, Index count) {
    const auto writers = part(all, row, 0, rows);
    [&](const auto&... readers) {
      for_each_lane<S>(count, [&](auto i) { put(writers, i + first, f(readers[i + first]...)); });
    }(part(in, row, 0, rows), part(ins, row, 0, rows)...);
  };
  if (flat) {
    for_each_range(rows.width, Lane<S>::size, least_elements,
                   [&](Index first, Index end) { walk(0, first, end - first); });
  } else {
    for (Index t = 0; t < rows.rows; ++t) walk(t, 0, rows.width);
  }
}

/// A copy needs no numbers.
template <class S>
void map(const detail::Copy& /*copy*/, const View<S>& out, const View<const S>& in) {
  if (in.data == nullptr || out.data == nullptr) return;
  if (in.contiguous() && out.contiguous()) {
    std::copy_n(in.data, in.rows * in.cols, out.data);
    return;
  }
  for (Index t = 0; t < in.rows; ++t) {
    std::copy_n(in.data + t * in.stride, in.cols, out.data + t * out.stride);
  }
}

/// Nor do equal elements; the input only has their shape.
template <class S>
void map(const detail::Fill& fill, const View<S>& out, const View<const S>& /*in*/) {
  for (Index t = 0; t < out.rows; ++t) {
    std::fill_n(out.data + t * out.stride, out.cols, static_cast<S>(fill.number));
  }
}

}  // namespace ttt::cpu
