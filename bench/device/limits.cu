// SPDX-License-Identifier: Apache-2.0
//
// What does the device do at most, and how near do the library's primitives come? Copies and
// elementwise operations in bytes a second, products beside those of cuBLAS alone.

#include "product.cuh"

namespace {

using namespace device;

/// Bytes that are read and written, a second.
void copies() {
  using M = gpu::Matrix<float>;
  const M from = drawn<M>(16384, 32768, 1);  // 2 GB
  M to(from.rows(), from.cols());
  const double bytes = 2.0 * sizeof(float) * static_cast<double>(from.rows() * from.cols());
  const Time copied = time_of([&] {
    gpu::detail::copy(view(to).data, view(from).data, static_cast<std::size_t>(bytes / 2));
  });
  const Time mapped =
      time_of([&] { Primitives<M>::map(ttt::detail::Copy{}, view(to), view(from)); });
  Row{"copy", bytes / copied.seconds / 1e12, "TB/s", copied.runs}.print();
  Row{"map, over copy", copied.seconds / mapped.seconds, "times", mapped.runs}.print();
}

template <Precision P>
void product(Product p) {
  using M = gpu::Matrix<float, P>;
  const Time limit = cublas_time<P>(p);
  const M a = drawn<M>(p.rows, p.inner, 1);
  const M b = drawn<M>(p.inner, p.cols, 2);
  M out(p.rows, p.cols);
  const Time ours =
      time_of([&] { Primitives<M>::gemm(view(out), view(a), view(b), Flip::none, false); });
  const std::string of = std::string(name(P)) + " product, " + p.name();
  Row{of, p.operations() / ours.seconds / 1e12, "TFLOP/s", ours.runs}.print();
  Row{of + ", over cuBLAS alone", limit.seconds / ours.seconds, "times", limit.runs}.print();
}

template <Precision P>
void products() {
  product<P>({8192, 8192, 8192});
  product<P>({1024, 768, 768});
  product<P>({1024, 1664, 768});
  product<P>({8192, 1664, 768});
}

}  // namespace

int main() {
  return run([] {
    copies();
    products<Precision::bfloat16>();
    products<Precision::tf32>();
    products<Precision::float32>();
  });
}
