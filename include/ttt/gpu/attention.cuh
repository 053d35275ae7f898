// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/attend_tile.hpp>
#include <ttt/gpu/attention_forward.cuh>
#include <ttt/gpu/attention_pullback.cuh>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt::gpu::detail {

#if TTT_ON_CUDA

/// A block of warps with fast memory for each element of the call. Large blocks are to leave room
/// for two at a time.
template <class Call>
__global__ void __launch_bounds__(32 * Call::most_warps, Call::most_warps > 4 ? 2 : 1)
    run_staged(Call call) {
  extern __shared__ __align__(16) unsigned char memory[];
  call(static_cast<Index>(blockIdx.x), static_cast<int>(blockDim.x) / 32, memory);
}

/// The most warps that a block may have; none if even one has not memory enough.
template <class Call>
[[nodiscard]] int warps_of() {
  static const int fast_memory = [] {
    int device = 0;
    int bytes = 0;
    expect_done(cudaGetDevice(&device), "attend");
    expect_done(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
                "attend");
    return bytes - 4096;  // for what kernels have besides
  }();
  int warps = Call::most_warps;
  while (warps > 0 && static_cast<int>(Call::bytes(warps)) > fast_memory) warps /= 2;
  return warps;
}

template <class Call>
void for_each_staged(Index blocks, int warps, const Call& call) {
  if (blocks == 0) return;
  const std::size_t bytes = Call::bytes(warps);
  expect_done(cudaFuncSetAttribute(run_staged<Call>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   static_cast<int>(bytes)),
              "attend");
  run_staged<<<static_cast<unsigned>(blocks), warps * 32, bytes, stream()>>>(call);
  expect_done(cudaGetLastError(), "attend");
}

#else

template <class Call>
[[nodiscard]] int warps_of() {
  return 1;
}

/// One block, on the host.
template <class Call>
struct StagedBlock {
  Call call;

  void operator()(Index block) const {
    std::vector<unsigned char> memory(Call::bytes(1));
    call(block, 1, memory.data());
  }
};

template <class Call>
void for_each_staged(Index blocks, int /*warps*/, const Call& call) {
  for_each_index(blocks, StagedBlock<Call>{call});
}

#endif

/// Blocks of so many warps for each group of rows.
[[nodiscard]] inline Index blocks_of(Index rows, int warps, Index groups) {
  const Index size = Index{warps} * tile_rows;
  return (rows + size - 1) / size * groups;
}

/// The numbers of an array.
template <Array A>
using NumberOf = std::conditional_t<Storage<A>, Scalar<A>, Dual<Scalar<A>>>;

/// What the kernels have to know of a call.
template <Array A, std::size_t Sources>
[[nodiscard]] AttentionShape<NumberOf<A>> shape_of(
    const ttt::detail::AttentionCall<A, Sources>& call) {
  const auto& q = call.sources[0].q;
  AttentionShape<NumberOf<A>> shape{.queries = row_count(q),
                                    .heads = static_cast<int>(call.heads.heads),
                                    .kv_heads = static_cast<int>(call.heads.kv_heads),
                                    .width = static_cast<int>(col_count(q) / call.heads.heads),
                                    .sources = {},
                                    .source_count = static_cast<int>(Sources)};
  for (std::size_t n = 0; n < Sources; ++n) {
    const auto& [own_q, k, v, bias] = call.sources[n];
    shape.sources[n] = {
        own_q, k, v, bias, call.first[n].numbers().data(), call.count[n].numbers().data()};
  }
  return shape;
}

/// Kernels for heads of at most Width, which is what they compute.
template <Array A, Precision P, int Width>
class FusedAttention {
  using N = NumberOf<A>;
  using S = Scalar<N>;
  using Forward = AttentionForward<N, Width, Arithmetic<S, P>>;
  using Statistics = AttentionStatistics<N, Width, Arithmetic<S, P>>;
  using Queries = PullQueries<N, Width, Arithmetic<S, P>>;
  using Keys = PullKeys<N, Width, Arithmetic<S, P>>;

 public:
  /// Writes y.
  static bool forward(const AttentionShape<N>& shape, const ViewOf<N>& y) {
    const int warps = warps_of<Forward>();
    if (warps == 0) return false;
    for_each_staged(blocks_of(shape.queries, warps, shape.heads), warps, Forward{shape, y});
    return true;
  }

  /// Adds the cotangents of all sources.
  template <std::size_t Sources>
  static bool pull(const AttentionShape<N>& shape, const ConstViewOf<N>& dy,
                   const std::array<KeySums<N>, Sources>& sums) {
    const int warps = std::min({warps_of<Statistics>(), warps_of<Queries>(), warps_of<Keys>()});
    if (warps == 0) return false;
    A log_sum = uninitialised<A>(shape.queries * shape.heads, 1);
    A mean = uninitialised<A>(shape.queries * shape.heads, 1);
    const Index blocks = blocks_of(shape.queries, warps, shape.heads);
    for_each_staged(blocks, warps, Statistics{shape, dy, {view(log_sum), view(mean)}});
    const QueryStatistics<ConstViewOf<N>> statistics{view(std::as_const(log_sum)),
                                                     view(std::as_const(mean))};
    Queries queries{shape, statistics, dy, {}};
    for (std::size_t n = 0; n < Sources; ++n) queries.sums[n] = sums[n];
    for_each_staged(blocks, warps, queries);
    for (std::size_t n = 0; n < Sources; ++n) {
      pull_keys(shape, statistics, dy, shape.sources[n], sums[n], warps);
    }
    return true;
  }

 public:  // because kernels of a device are named after them
  /// What the heads give to the bias of one key, in their order.
  struct AddHeads {
    ViewOf<N> to;
    ConstViewOf<N> heads;  ///< as one column, head by head
    Index keys, count;

    TTT_HD void operator()(Index key) const {
      N sum = in_column(to, key);
      for (Index head = 0; head < count; ++head) sum = sum + in_column(heads, head * keys + key);
      put_in_column(to, key, sum);
    }
  };

 private:
  static void pull_keys(const AttentionShape<N>& shape,
                        const QueryStatistics<ConstViewOf<N>>& statistics, const ConstViewOf<N>& dy,
                        const KeySource<N>& source, const KeySums<N>& sums, int warps) {
    const Index keys = row_count(source.k);
    if (keys == 0 || !(wanted(sums.k) || wanted(sums.v) || wanted(sums.bias))) return;
    KeySums<N> parts = sums;
    A bias;
    if (wanted(sums.bias)) {
      bias = uninitialised<A>(shape.kv_heads * keys, 1);
      parts.bias = view(bias);
    }
    for_each_staged(blocks_of(keys, warps, shape.kv_heads), warps,
                    Keys{shape, statistics, dy, source, parts, keys});
    if (wanted(sums.bias)) {
      for_each_index(keys, AddHeads{sums.bias, view(std::as_const(bias)), keys, shape.kv_heads});
    }
  }
};

/// Calls visit.template operator()<Width>() for kernels that are wide enough; false if there are
/// none. Without tensor cores those for 128 would have too few registers, and take minutes to
/// compile.
template <class Arithmetic, class Visit>
bool with_width(Index width, const Visit& visit) {
  constexpr bool plain = std::same_as<Arithmetic, Plain<typename Arithmetic::Factor>>;
  if (width <= 64) return visit.template operator()<64>();
  if constexpr (!plain) {
    if (width <= 128) return visit.template operator()<128>();
  }
  return false;
}

/// Writes the result of a call; returns false where heads are too wide or biases are decays, of
/// which the kernels know nothing.
template <Precision P, Array A, std::size_t Sources>
bool attend(const ttt::detail::AttentionCall<A, Sources>& call, const ViewOf<NumberOf<A>>& y) {
  if (call.any_decays()) return false;
  const auto shape = shape_of(call);
  return with_width<Arithmetic<Scalar<A>, P>>(
      shape.width, [&]<int Width>() { return FusedAttention<A, P, Width>::forward(shape, y); });
}

/// Adds the cotangents of a call's inputs, or returns false as above.
template <Precision P, Array A, std::size_t Sources>
bool pull_attention(
    const ttt::detail::AttentionCall<A, Sources>& call, const ConstViewOf<NumberOf<A>>& dy,
    const std::array<ttt::detail::AttentionSource<ViewOf<NumberOf<A>>>, Sources>& sums) {
  if (call.any_decays()) return false;
  const auto shape = shape_of(call);
  std::array<KeySums<NumberOf<A>>, Sources> all;
  for (std::size_t n = 0; n < Sources; ++n) {
    all[n] = {sums[n].q, sums[n].k, sums[n].v, sums[n].bias};
  }
  return with_width<Arithmetic<Scalar<A>, P>>(
      shape.width, [&]<int Width>() { return FusedAttention<A, P, Width>::pull(shape, dy, all); });
}

}  // namespace ttt::gpu::detail
