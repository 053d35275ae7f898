// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/view.hpp>
#include <ttt/gpu/buffer.cuh>

#include <thrust/sequence.h>
#include <thrust/sort.h>

namespace ttt::gpu::detail {

/// One element of a row that is gathered.
template <class S>
struct GatherElement {
  View<S> out;
  View<const S> in;
  const Index* indices;

  TTT_HD void operator()(Index n) const {
    const Index row = n / out.cols;
    const Index i = n % out.cols;
    out.data[row * out.stride + i] = in.data[indices[row] * in.stride + i];
  }
};

/// out row t = in row indices[t]
template <class S>
void gather(View<S> out, View<const S> in, const Buffer<Index>& indices) {
  for_each_index(out.rows * out.cols, GatherElement<S>{out, in, indices.data()});
}

/// One element of a row to which others are added: of the rows sorted by where they go, the first
/// that goes there adds them all, in their order.
template <class S>
struct ScatterElement {
  View<S> out;
  View<const S> in;
  const Index* to;     ///< sorted
  const Index* order;  ///< the row of `in` that goes there

  TTT_HD void operator()(Index n) const {
    const Index first = n / in.cols;
    const Index i = n % in.cols;
    if (first > 0 && to[first - 1] == to[first]) return;
    S& sum = out.data[to[first] * out.stride + i];
    for (Index t = first; t < in.rows && to[t] == to[first]; ++t) {
      sum += in.data[order[t] * in.stride + i];
    }
  }
};

/// out row indices[t] += in row t, in order of t
template <class S>
void scatter_add(View<S> out, const Buffer<Index>& indices, View<const S> in) {
  Buffer<Index> to = indices;
  Buffer<Index> order(in.rows);
  thrust::sequence(policy(), order.data(), order.data() + in.rows);
  thrust::stable_sort_by_key(policy(), to.data(), to.data() + in.rows, order.data());
  for_each_index(in.rows * in.cols, ScatterElement<S>{out, in, to.data(), order.data()});
}

}  // namespace ttt::gpu::detail
