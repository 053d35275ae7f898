// SPDX-License-Identifier: Apache-2.0
#pragma once

// One launch for many arrays, which are cut into pieces of equal size.

#include <ttt/algebra/several.hpp>
#include <ttt/gpu/accessors.cuh>
#include <ttt/gpu/buffer.cuh>
#include <ttt/gpu/sum_rows.cuh>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace ttt::gpu::detail {

/// Elements of a piece; ours.
inline constexpr Index piece_size = 4096;

/// One of many arrays: its arguments, its elements, and where its pieces begin among those of all.
template <class Arguments>
struct Pieces {
  Arguments arguments;
  Index elements;
  Index first;
};

/// All of them where the device reads them.
template <class Arguments>
class PieceTable {
 public:
  template <class Count>
  PieceTable(const std::vector<Arguments>& several, const Count& elements_of) {
    for (const Arguments& one : several) {
      const Index elements = elements_of(one);
      host_.push_back({one, elements, count_});
      count_ += (elements + piece_size - 1) / piece_size;
    }
    table_ = Buffer<Pieces<Arguments>>(std::ssize(host_));
    if (!host_.empty()) copy(table_.data(), host_.data(), table_.bytes());
  }

  [[nodiscard]] const Pieces<Arguments>* data() const { return table_.data(); }
  [[nodiscard]] const std::vector<Pieces<Arguments>>& host() const { return host_; }
  [[nodiscard]] Index arrays() const { return std::ssize(host_); }
  [[nodiscard]] Index pieces() const { return count_; }

 private:
  std::vector<Pieces<Arguments>> host_;
  Buffer<Pieces<Arguments>> table_;
  Index count_ = 0;
};

/// The array that a piece belongs to: the last that begins there or before.
template <class Arguments>
[[nodiscard]] TTT_HD const Pieces<Arguments>& array_of_piece(const Pieces<Arguments>* table,
                                                             Index arrays, Index piece) {
  Index low = 0;
  for (Index high = arrays; high - low > 1;) {
    const Index middle = (low + high) / 2;
    (table[middle].first <= piece ? low : high) = middle;
  }
  return table[low];
}

/// An element of an array, counted row by row.
template <class S>
[[nodiscard]] TTT_HD S& element(const View<S>& view, Index n) {
  return view.data[view.contiguous() ? n : n / view.cols * view.stride + n % view.cols];
}

/// A piece of map.
template <class F, class S, std::size_t Outs, std::size_t Ins>
struct MapPiece {
  F f;
  const Pieces<MapArguments<S, Outs, Ins>>* table;
  Index arrays;

  TTT_HD void operator()(Index piece) const {
    const auto& [arguments, elements, first] = array_of_piece(table, arrays, piece);
    const Index begin = (piece - first) * piece_size;
    const Index end = begin + piece_size < elements ? begin + piece_size : elements;
    for (Index n = begin + member(); n < end; n += members()) {
      put(arguments.outs, n, result(arguments.ins, n, std::make_index_sequence<Ins>()));
    }
  }

 private:
  template <std::size_t... I>
  TTT_HD auto result(const std::array<View<const S>, Ins>& ins, Index n,
                     std::index_sequence<I...> /*inputs*/) const {
    return f(element(ins[I], n)...);
  }
  static TTT_HD void put(const std::array<View<S>, Outs>& outs, Index n, S number) {
    element(outs[0], n) = number;
  }
  static TTT_HD void put(const std::array<View<S>, Outs>& outs, Index n,
                         const std::array<S, Outs>& numbers) {
    for (std::size_t k = 0; k < Outs; ++k) element(outs[k], n) = numbers[k];
  }
};

/// outs = f(ins...) for several arrays.
template <class F, class S, std::size_t Outs, std::size_t Ins>
void map_several(const F& f, const std::vector<MapArguments<S, Outs, Ins>>& several) {
  const PieceTable table(several,
                         [](const auto& one) { return one.ins[0].rows * one.ins[0].cols; });
  for_each_block(table.pieces(), most_threads,
                 MapPiece<F, S, Outs, Ins>{f, table.data(), table.arrays()});
}

/// A piece of a dot product.
template <class S>
struct DotPiece {
  const Pieces<DotArguments<S>>* table;
  Index arrays;
  double* sums;  ///< of all pieces

  TTT_HD void operator()(Index piece) const {
    const auto& [arguments, elements, first] = array_of_piece(table, arrays, piece);
    const Index begin = (piece - first) * piece_size;
    const Index end = begin + piece_size < elements ? begin + piece_size : elements;
    double own = 0;
    for (Index n = begin + member(); n < end; n += members()) {
      own += static_cast<double>(element(arguments.a, n)) *
             static_cast<double>(element(arguments.b, n));
    }
    own = joined(own, Plus{});
    if (member() == 0) sums[piece] = own;
  }

 private:
  struct Plus {
    TTT_HD double operator()(double a, double b) const { return a + b; }
  };
};

/// Several dot products in double, pieces added in their order; waits for the device once.
template <class S>
[[nodiscard]] std::vector<double> dots(const std::vector<DotArguments<S>>& several) {
  const PieceTable table(several, [](const auto& one) { return one.a.rows * one.a.cols; });
  Buffer<double> sums(table.pieces());
  for_each_block(table.pieces(), most_threads,
                 DotPiece<S>{table.data(), table.arrays(), sums.data()});
  std::vector<double> parts(static_cast<std::size_t>(table.pieces()));
  if (!parts.empty()) {
    copy(parts.data(), sums.data(), sums.bytes());
    wait();
  }
  std::vector<double> result;
  for (const auto& [arguments, elements, first] : table.host()) {
    double sum = 0;
    for (Index piece = 0; piece * piece_size < elements; ++piece) {
      sum += parts[static_cast<std::size_t>(first + piece)];
    }
    result.push_back(sum);
  }
  return result;
}

}  // namespace ttt::gpu::detail
