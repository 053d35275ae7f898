// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/view.hpp>

#include <Eigen/Core>

namespace ttt::cpu {

/// out = a b, or out += a b, with one side transposed if `flip` says so.
///
/// Every product of a program goes through this one function, so that Eigen's kernels are
/// instantiated once for each scalar.
template <class S>
[[gnu::noinline]] void gemm(View<S> out, View<const S> a, View<const S> b, Flip flip, bool add) {
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

}  // namespace ttt::cpu
