// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/view.hpp>
#include <ttt/parallel/team.hpp>

#include <Eigen/Core>

#include <algorithm>

namespace ttt::cpu {

/// out = a b, or out += a b, with one side transposed if `flip` says so, on one thread.
///
/// Every product of a program goes through this one function, so that Eigen's kernels are
/// instantiated once for each scalar.
template <class S>
[[gnu::noinline]] void gemm_part(View<S> out, View<const S> a, View<const S> b, Flip flip,
                                 bool add) {
  using Rows = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Stride = Eigen::OuterStride<>;
  using In = Eigen::Map<const Rows, 0, Stride>;
  Eigen::Map<Rows, 0, Stride> y(out.data, out.rows, out.cols, Stride(out.stride));
  const In left(a.data, a.rows, a.cols, Stride(a.stride));
  const In right(b.data, b.rows, b.cols, Stride(b.stride));
  if (!add) y.setZero();
  if (flip == Flip::none) {
    y.noalias() += left * right;
  } else if (flip == Flip::left) {
    y.noalias() += left.transpose() * right;
  } else {
    y.noalias() += left * right.transpose();
  }
}

/// The same on the threads of the calling thread's team, by parts of the output: columns, or rows
/// where columns are few. Parts begin where the blocks of Eigen's kernels do, which keeps the bits
/// of one thread.
template <class S>
void gemm(View<S> out, View<const S> a, View<const S> b, Flip flip, bool add) {
  constexpr Index columns = 48;    // a multiple of the widest block of columns that Eigen has
  constexpr Index row_block = 16;  // and of rows
  constexpr Index work = 1 << 18;  // multiplications that are worth handing over; ours
  const Index depth = flip == Flip::left ? a.rows : a.cols;
  if (Team::current() == nullptr || out.rows <= 1 || out.cols <= 1) {
    return gemm_part(out, a, b, flip, add);
  }
  if (out.cols >= 2 * columns || out.rows < 2 * row_block) {
    const Index least = std::max(columns, work / std::max<Index>(1, out.rows * depth));
    for_each_range(out.cols, columns, least, [&](Index first, Index end) {
      const View<const S> part = flip == Flip::right ? b.middle_rows(first, end - first)
                                                     : b.block(0, first, b.rows, end - first);
      gemm_part(out.block(0, first, out.rows, end - first), a, part, flip, add);
    });
  } else {
    const Index least = std::max(row_block, work / std::max<Index>(1, out.cols * depth));
    for_each_range(out.rows, row_block, least, [&](Index first, Index end) {
      const View<const S> part = flip == Flip::left ? a.block(0, first, a.rows, end - first)
                                                    : a.middle_rows(first, end - first);
      gemm_part(out.middle_rows(first, end - first), part, b, flip, add);
    });
  }
}

}  // namespace ttt::cpu
