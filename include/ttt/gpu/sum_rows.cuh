// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/gpu/accessors.cuh>
#include <ttt/gpu/buffer.cuh>

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt::gpu::detail {

#if TTT_ON_CUDA
/// A block for each element of the call.
template <class Call>
__global__ void run_blocks(Call call) {
  call(static_cast<Index>(blockIdx.x));
}

template <class Call>
void for_each_block(Index blocks, Index width, const Call& call) {
  if (blocks == 0) return;
  int threads = 32;
  while (threads < most_threads && threads < width) threads *= 2;
  run_blocks<<<static_cast<unsigned>(blocks), threads, 0, stream()>>>(call);
  expect_done(cudaGetLastError(), "map_rows");
}
#else
template <class Call>
void for_each_block(Index blocks, Index /*width*/, const Call& call) {
  for_each_index(blocks, call);
}
#endif

///@{
/// An argument of map_rows with f(view) in the place of every view of a sum.
template <class V, class F>
[[nodiscard]] TTT_HD const V& with_sums(const V& input, F&& /*f*/) {
  return input;
}
template <class S, class F>
[[nodiscard]] TTT_HD Sum<View<S>> with_sums(const Sum<View<S>>& sum, F&& f) {
  return {f(sum.view)};
}
template <class S, class F>
[[nodiscard]] TTT_HD Sum<Dual<View<S>>> with_sums(const Sum<Dual<View<S>>>& sum, F&& f) {
  return {{f(sum.view.value), f(sum.view.tangent)}};
}
template <class V, std::size_t N, class F>
[[nodiscard]] TTT_HD Sum<std::array<V, N>> with_sums(const Sum<std::array<V, N>>& sums, F&& f) {
  Sum<std::array<V, N>> result{};
  for (std::size_t n = 0; n < N; ++n) result.view[n] = with_sums(Sum<V>{sums.view[n]}, f).view;
  return result;
}
///@}

/// A block of rows of map_rows, in their order. It has sums of its own, which lie one below the
/// other.
template <class S, class F, class... Args>
struct SumBlock {
  F f;
  Rows rows;
  Index size;  ///< rows of a block
  std::tuple<Args...> args;

  TTT_HD void operator()(Index block) const {
    const Index end = std::min(rows.rows, (block + 1) * size);
    const auto own = [&](const View<S>& sum) {
      const Index before = block * sum.rows * sum.cols;
      return View<S>{sum.data == nullptr ? nullptr : sum.data + before, sum.rows, sum.cols,
                     sum.stride};
    };
    std::apply([&](const auto&... arg) { run(block * size, end, with_sums(arg, own)...); }, args);
  }

 private:
  template <class... Own>
  TTT_HD void run(Index row, Index end, const Own&... arg) const {
    for (; row < end; ++row) {
      for (Index group = 0; group < rows.groups; ++group) {
        f(Row<S>{row, group, rows.width}, part(arg, row, group, rows)...);
      }
    }
  }
};

/// One element of a sum, to which those of all blocks are added, in their order.
template <class S>
struct AddBlocks {
  View<S> to;
  const S* parts;
  Index blocks;

  TTT_HD void operator()(Index n) const {
    S& sum = to.data[n / to.cols * to.stride + n % to.cols];
    for (Index block = 0; block < blocks; ++block) sum += parts[block * to.rows * to.cols + n];
  }
};

/// Where blocks of rows sum up by themselves, and what it is added to in the end.
template <class S>
class BlockSums {
 public:
  explicit BlockSums(Index blocks) : blocks_(blocks) {}

  /// The first block's view in the place of the sum's.
  [[nodiscard]] View<S> operator()(const View<S>& sum) {
    if (sum.data == nullptr) return sum;
    parts_.push_back({sum, Buffer<S>(blocks_ * sum.rows * sum.cols)});
    Buffer<S>& own = parts_.back().own;
    clear(own.data(), own.bytes());
    return {own.data(), sum.rows, sum.cols, sum.cols};
  }
  /// Adds up what the blocks have made.
  void add() const {
    for (const Part& part : parts_) {
      for_each_index(part.to.rows * part.to.cols, AddBlocks<S>{part.to, part.own.data(), blocks_});
    }
  }

 private:
  struct Part {
    View<S> to;
    Buffer<S> own;
  };
  Index blocks_;
  std::vector<Part> parts_;
};

/// Rows to a block, if all rows add to sums of at most so many elements. Ours: with 128 blocks, the
/// blocks' own sums are read as fast as the rows; large sums are left to one block.
[[nodiscard]] inline Index rows_of_block(Index rows, Index largest_sum) {
  constexpr Index least = 8;
  constexpr Index most_blocks = 128;
  constexpr Index most_elements = Index{1} << 16;
  if (largest_sum > most_elements) return rows;
  return std::max(least, (rows + most_blocks - 1) / most_blocks);
}

/// f(row, argument...) where rows add to sums: blocks of rows side by side, then their sums in the
/// order of the blocks. How rows fall to blocks depends on the shape alone, and so do all bits.
template <class S, class F, class... Args>
void sum_rows(const F& f, const Rows& rows, const Args&... args) {
  if (rows.rows * rows.groups == 0) return;
  Index largest = 0;
  const auto note = [&](const View<S>& sum) {
    largest = std::max(largest, sum.rows * sum.cols);
    return sum;
  };
  (static_cast<void>(with_sums(args, note)), ...);
  constexpr bool in_turn = (... || ttt::detail::is_in_turn<Args>);
  const Index size = in_turn ? rows.rows : rows_of_block(rows.rows, largest);
  const Index blocks = (rows.rows + size - 1) / size;
  using Call = SumBlock<S, F, Args...>;
  if (blocks == 1) return for_each_block(1, rows.width, Call{f, rows, size, {args...}});
  if constexpr (!in_turn) {
    BlockSums<S> sums(blocks);
    for_each_block(blocks, rows.width, Call{f, rows, size, {with_sums(args, sums)...}});
    sums.add();
  }
}

}  // namespace ttt::gpu::detail
