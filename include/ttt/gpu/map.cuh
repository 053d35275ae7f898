// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/gpu/sum_rows.cuh>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>

namespace ttt::gpu::detail {

/// One element of map, as a functor over the number of the element.
template <class F, class Outs, class... Ins>
struct MapElement {
  F f;
  Outs outs;
  std::tuple<Ins...> ins;
  Index cols;

  TTT_HD void operator()(Index n) const {
    const Index row = n / cols;
    const Index i = n % cols;
    const Rows rows{2, 1, cols};
    std::apply([&](const auto&... in) { put(outs, row, i, f(part(in, row, 0, rows)[i]...)); }, ins);
  }

 private:
  template <class V, class N>
  TTT_HD void put(const V& out, Index row, Index i, const N& number) const {
    part(out, row, 0, Rows{2, 1, cols}).set(i, number);
  }
  template <class V, class N, std::size_t Count>
  TTT_HD void put(const std::array<V, Count>& all, Index row, Index i,
                  const std::array<N, Count>& numbers) const {
    for (std::size_t n = 0; n < Count; ++n) put(all[n], row, i, numbers[n]);
  }
};

/// out = f(in...), element by element; f returns a number, or a std::array of one for each output.
/// The first input has the shape of all.
template <class F, class Outs, class In, class... Ins>
void map(const F& f, const Outs& outs, const In& in, const Ins&... ins) {
  static_assert(std::is_trivially_copyable_v<F>, "a functor goes to the device by its bytes");
  const Index cols = col_count(in);
  for_each_index(row_count(in) * cols,
                 MapElement<F, Outs, In, Ins...>{f, outs, {in, ins...}, cols});
}

/// One group of one row of map_rows.
template <class S, class F, class... Args>
struct MapRows {
  F f;
  Rows rows;
  std::tuple<Args...> args;

  TTT_HD void operator()(Index n) const {
    const Index row = n / rows.groups;
    const Index group = n % rows.groups;
    std::apply(
        [&](const auto&... arg) {
          f(Row<S>{row, group, rows.width}, part(arg, row, group, rows)...);
        },
        args);
  }
};

/// f(row, argument...) for each group of each row.
template <class S, class F, class... Args>
void map_rows(const F& f, const Rows& rows, const Args&... args) {
  static_assert(std::is_trivially_copyable_v<F>, "a functor goes to the device by its bytes");
  if constexpr ((... || ttt::detail::is_sum<Args>)) {
    sum_rows<S>(f, rows, args...);
  } else {
    for_each_block(rows.rows * rows.groups, rows.width, MapRows<S, F, Args...>{f, rows, {args...}});
  }
}

}  // namespace ttt::gpu::detail
