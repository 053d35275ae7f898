// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/storage.hpp>
#include <ttt/gpu/attention.cuh>
#include <ttt/gpu/buffer.cuh>
#include <ttt/gpu/gemm.cuh>
#include <ttt/gpu/map.cuh>
#include <ttt/gpu/rows.cuh>
#include <ttt/gpu/several.cuh>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace ttt::gpu {

/// The storage of a device: row-major elements in its memory. Products are computed with the
/// precision of the type. Functions return before the device has done what they ask; download and
/// dot wait for it.
///
/// \throws DeviceError if the device has no memory left, or does not answer.
template <std::floating_point S, Precision P = Precision::float32>
class Matrix {
 public:
  using Scalar = S;

  Matrix() = default;
  Matrix(Index rows, Index cols) : rows_(rows), cols_(cols), elements_(rows * cols) {}

  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index cols() const { return cols_; }

 private:
  friend struct Primitives<Matrix>;

  Index rows_ = 0;
  Index cols_ = 0;
  detail::Buffer<S> elements_;
};

}  // namespace ttt::gpu

namespace ttt::gpu::detail {

/// Integers in the memory of the device.
class Indices {
 public:
  Indices() = default;
  template <class Iterator>
  Indices(Iterator first, Iterator last) {
    const std::vector<Index> host(first, last);
    numbers_ = Buffer<Index>(std::ssize(host));
    if (!host.empty()) copy(numbers_.data(), host.data(), numbers_.bytes());
  }
  [[nodiscard]] const Buffer<Index>& numbers() const { return numbers_; }

 private:
  Buffer<Index> numbers_;
};

///@{
/// An argument of map_rows as it goes to the device.
template <class V>
[[nodiscard]] const V& argument(const V& view) {
  return view;
}
[[nodiscard]] inline const Index* argument(const Indices& integers) {
  return integers.numbers().data();
}
template <std::size_t N>
[[nodiscard]] std::array<const Index*, N> argument(const std::array<Indices, N>& several) {
  std::array<const Index*, N> all{};
  for (std::size_t n = 0; n < N; ++n) all[n] = argument(several[n]);
  return all;
}
///@}

}  // namespace ttt::gpu::detail

namespace ttt {

/// The primitives of a device.
template <std::floating_point S, gpu::Precision P>
struct Primitives<gpu::Matrix<S, P>> {
  using Matrix = gpu::Matrix<S, P>;
  using Indices = gpu::detail::Indices;  ///< integers of the device

  ///@{
  /// See Primitives.
  static View<S> view(Matrix& m) { return {m.elements_.data(), m.rows_, m.cols_, m.cols_}; }
  static View<const S> view(const Matrix& m) {
    return {m.elements_.data(), m.rows_, m.cols_, m.cols_};
  }

  static Matrix upload(Index rows, Index cols, std::span<const S> elements) {
    Matrix m(rows, cols);
    if (!elements.empty())
      gpu::detail::copy(m.elements_.data(), elements.data(), elements.size_bytes());
    return m;
  }
  static std::vector<S> download(View<const S> from) {
    std::vector<S> host(static_cast<std::size_t>(from.rows * from.cols));
    const auto width = static_cast<std::size_t>(from.cols);
    for (Index t = 0; t < from.rows && width > 0; ++t) {
      gpu::detail::copy(&host[static_cast<std::size_t>(t) * width], from.data + t * from.stride,
                        width * sizeof(S));
    }
    gpu::detail::wait();
    return host;
  }

  static void gemm(View<S> out, View<const S> a, View<const S> b, Flip flip, bool add) {
    gpu::detail::gemm(out, a, b, flip, add, P);
  }

  template <class F, class Outs, class... Ins>
  static void map(const F& f, const Outs& outs, const Ins&... ins) {
    gpu::detail::map(f, outs, ins...);
  }
  template <class F, class... Args>
  static void map_rows(const F& f, const Rows& rows, const Args&... args) {
    gpu::detail::map_rows<S>(f, rows, gpu::detail::argument(args)...);
  }

  static void gather(View<S> out, View<const S> in, const Indices& indices) {
    gpu::detail::gather(out, in, indices.numbers());
  }
  static void scatter_add(View<S> out, const Indices& indices, View<const S> in) {
    gpu::detail::scatter_add(out, indices.numbers(), in);
  }

  static double dot(View<const S> a, View<const S> b) { return dots({{a, b}})[0]; }

  static std::vector<double> dots(const std::vector<DotArguments<S>>& several) {
    return gpu::detail::dots(several);
  }
  template <class F, std::size_t Outs, std::size_t Ins>
  static void map_several(const F& f, const std::vector<MapArguments<S, Outs, Ins>>& several) {
    gpu::detail::map_several(f, several);
  }

  template <class Call, class Y>
  static bool attend(const Call& call, const Y& y) {
    return gpu::detail::attend<P>(call, y);
  }
  template <class Call, class Dy, class Sums>
  static bool pull_attention(const Call& call, const Dy& dy, const Sums& sums) {
    return gpu::detail::pull_attention<P>(call, dy, sums);
  }
  ///@}
};

}  // namespace ttt
