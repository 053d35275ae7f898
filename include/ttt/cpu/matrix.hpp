// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/storage.hpp>
#include <ttt/cpu/gemm.hpp>
#include <ttt/cpu/rows.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace ttt {

/// The storage of the CPU: an Eigen matrix, row-major, so that one row is one token.
template <class S>
using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The primitives of the CPU. Elementwise functors are given lanes of 16 elements, which Eigen
/// turns into vector instructions.
template <std::floating_point S>
struct Primitives<Matrix<S>> {
  using Indices = std::vector<Index>;  ///< integers of the host

  ///@{
  /// See Primitives.
  static View<S> view(Matrix<S>& m) {
    return {m.size() == 0 ? nullptr : m.data(), m.rows(), m.cols(), m.cols()};
  }
  static View<const S> view(const Matrix<S>& m) {
    return {m.size() == 0 ? nullptr : m.data(), m.rows(), m.cols(), m.cols()};
  }

  static Matrix<S> upload(Index rows, Index cols, std::span<const S> elements) {
    Matrix<S> m(rows, cols);
    std::ranges::copy(elements, m.data());
    return m;
  }
  static std::vector<S> download(View<const S> from) {
    std::vector<S> host;
    host.reserve(static_cast<std::size_t>(from.rows * from.cols));
    for (Index t = 0; t < from.rows; ++t) {
      const S* const row = from.data + t * from.stride;
      host.insert(host.end(), row, row + from.cols);
    }
    return host;
  }

  static void gemm(View<S> out, View<const S> a, View<const S> b, Flip flip, bool add) {
    cpu::gemm(out, a, b, flip, add);
  }

  template <class F, class Outs, class... Ins>
  static void map(const F& f, const Outs& outs, const Ins&... ins) {
    cpu::map(f, outs, ins...);
  }
  template <class F, class... Args>
  static void map_rows(const F& f, const Rows& rows, const Args&... args) {
    cpu::map_rows<S>(f, rows, args...);
  }

  static void gather(View<S> out, View<const S> in, const Indices& indices) {
    for (Index t = 0; t < out.rows; ++t) {
      std::copy_n(in.data + at(indices, t) * in.stride, out.cols, out.data + t * out.stride);
    }
  }
  static void scatter_add(View<S> out, const Indices& indices, View<const S> in) {
    for (Index t = 0; t < in.rows; ++t) {
      S* const to = out.data + at(indices, t) * out.stride;
      const S* const from = in.data + t * in.stride;
      for (Index i = 0; i < in.cols; ++i) to[i] += from[i];
    }
  }

  static double dot(View<const S> a, View<const S> b) {
    using Row = Eigen::Map<const Eigen::Array<S, Eigen::Dynamic, 1>>;
    double total = 0;
    for (Index t = 0; t < a.rows; ++t) {
      const Row x(a.data + t * a.stride, a.cols);
      const Row y(b.data + t * b.stride, b.cols);
      total += static_cast<double>((x * y).sum());
    }
    return total;
  }
  ///@}
};

}  // namespace ttt
