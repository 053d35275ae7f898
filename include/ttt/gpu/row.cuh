// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/gpu/backend.cuh>

#include <limits>
#include <type_traits>

namespace ttt::gpu::detail {

/// The most threads of a block, which is a power of two.
inline constexpr int most_threads = 256;

///@{
/// The threads that walk over one row together: those of a block on a device, one on the host.
[[nodiscard]] TTT_HD inline Index member() {
#ifdef __CUDA_ARCH__
  return threadIdx.x;
#else
  return 0;
#endif
}
[[nodiscard]] TTT_HD inline Index members() {
#ifdef __CUDA_ARCH__
  return blockDim.x;
#else
  return 1;
#endif
}
/// Lets every member see what all have written so far.
TTT_HD inline void meet() {
#ifdef __CUDA_ARCH__
  __syncthreads();
#endif
}
/// The members' numbers as one, the same for all, always in the same order.
template <class N, class Join>
[[nodiscard]] TTT_HD N joined(N own, Join join) {
#ifdef __CUDA_ARCH__
  __shared__ alignas(N) unsigned char memory[most_threads * sizeof(N)];
  N* const all = reinterpret_cast<N*>(memory);
  all[threadIdx.x] = own;
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) all[threadIdx.x] = join(all[threadIdx.x], all[threadIdx.x + half]);
    __syncthreads();
  }
  const N one = all[0];
  __syncthreads();
  return one;
#else
  static_cast<void>(join);
  return own;
#endif
}
///@}

/// Walks over the elements of one group of one row. All members call each of its functions.
template <class S>
struct Row {
  Index index;  ///< of the row
  Index group;  ///< within the row
  Index width;  ///< elements

  /// Calls f(i) for all elements, or for `count` of them from `first` on, in any order.
  template <class F>
  TTT_HD void each(F&& f) const {
    each(0, width, f);
  }
  template <class F>
  TTT_HD void each(Index first, Index count, F&& f) const {
    for (Index i = first + member(); i < first + count; i += members()) f(i);
    meet();
  }

  /// The sum of f(i), always in the same order.
  template <class F>
  [[nodiscard]] TTT_HD auto sum(F&& f) const {
    return sum(0, width, f);
  }
  template <class F>
  [[nodiscard]] TTT_HD auto sum(Index first, Index count, F&& f) const {
    using N = std::remove_cvref_t<decltype(f(first))>;
    N own{};
    for (Index i = first + member(); i < first + count; i += members()) own = own + f(i);
    return joined(own, Plus{});
  }

  /// The largest f(i), which is a value and no dual; minus infinity of none.
  template <class F>
  [[nodiscard]] TTT_HD S max(Index first, Index count, F&& f) const {
    S own = -std::numeric_limits<S>::infinity();
    for (Index i = first + member(); i < first + count; i += members()) own = Larger{}(own, f(i));
    return joined(own, Larger{});
  }

 private:
  struct Plus {
    template <class N>
    TTT_HD N operator()(const N& a, const N& b) const {
      return a + b;
    }
  };
  struct Larger {
    TTT_HD S operator()(S a, S b) const { return a < b ? b : a; }
  };
};

}  // namespace ttt::gpu::detail
