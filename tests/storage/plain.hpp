// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/storage.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace storage {

using namespace ttt;

/// A second storage, for reading and for catching what leans on the first: plain loops over single
/// numbers, elements that only the primitives reach, and NaN where nothing was written yet.
template <class S>
class Plain {
 public:
  using Scalar = S;

  Plain() = default;
  Plain(Index rows, Index cols)
      : rows_(rows),
        cols_(cols),
        elements_(static_cast<std::size_t>(rows * cols), std::numeric_limits<S>::quiet_NaN()) {}

  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index cols() const { return cols_; }

 private:
  friend struct Primitives<Plain<S>>;

  Index rows_ = 0, cols_ = 0;
  std::vector<S> elements_;
};

/// The address in a view of a Plain is no address: whoever reads through it crashes.
constexpr std::uintptr_t disguise = std::uintptr_t{1} << 60;
template <class S>
S* disguised(S* address) {
  return reinterpret_cast<S*>(reinterpret_cast<std::uintptr_t>(address) ^ disguise);
}

/// Elements that a functor reads or writes as numbers N, of which a dual has two arrays. An array
/// that is null is zero and is not written.
template <class S, class N>
struct Numbers {
  static constexpr std::size_t halves = std::is_same_v<N, std::remove_const_t<S>> ? 1 : 2;

  std::array<S*, halves> first;
  std::array<Index, halves> stride;

  N operator[](Index i) const {
    const auto half = [&](std::size_t n) { return first[n] == nullptr ? 0 : first[n][i]; };
    if constexpr (halves == 1) {
      return half(0);
    } else {
      return {half(0), half(1)};
    }
  }
  void set(Index i, const N& number) const {
    if (first[0] != nullptr) first[0][i] = value_of(number);
    if constexpr (halves == 2) {
      if (first[1] != nullptr) first[1][i] = number.tangent;
    }
  }
  void add(Index i, const N& number) const { set(i, (*this)[i] + number); }
  [[nodiscard]] N at(Index i) const { return (*this)[i]; }
  void set_at(Index i, const N& number) const { set(i, number); }
  void add_at(Index i, const N& number) const { add(i, number); }
  [[nodiscard]] N partner(Index i) const { return (*this)[i % 2 == 0 ? i + 1 : i - 1]; }
  [[nodiscard]] Numbers up(Index rows) const {
    Numbers above = *this;
    for (std::size_t n = 0; n < halves; ++n) {
      if (first[n] != nullptr) above.first[n] -= rows * stride[n];
    }
    return above;
  }
};

/// Walks over the elements of one group of one row.
template <class S>
struct PlainRow {
  Index index, group, width;

  template <class F>
  void each(F f) const {
    each(0, width, f);
  }
  template <class F>
  void each(Index first, Index count, F f) const {
    for (Index i = first; i < first + count; ++i) f(i);
  }
  template <class F>
  auto sum(F f) const {
    return sum(0, width, f);
  }
  template <class F>
  auto sum(Index first, Index count, F f) const {
    std::remove_cvref_t<decltype(f(first))> total{};
    for (Index i = first; i < first + count; ++i) total = total + f(i);
    return total;
  }
  template <class F>
  S max(Index first, Index count, F f) const {
    S largest = -std::numeric_limits<S>::infinity();
    for (Index i = first; i < first + count; ++i) largest = std::max(largest, f(i));
    return largest;
  }
};

}  // namespace storage

namespace ttt {

template <class S>
struct Primitives<storage::Plain<S>> {
  using Plain = storage::Plain<S>;

  /// Integers that only the primitives read.
  class Indices {
   public:
    Indices() = default;
    template <class Iterator>
    Indices(Iterator first, Iterator last) : numbers_(first, last) {}

   private:
    friend Primitives;
    std::vector<Index> numbers_;
  };

  static View<S> view(Plain& m) { return view_of(m.elements_.data(), m); }
  static View<const S> view(const Plain& m) { return view_of(m.elements_.data(), m); }

  static Plain upload(Index rows, Index cols, std::span<const S> elements) {
    Plain m(rows, cols);
    std::ranges::copy(elements, m.elements_.begin());
    return m;
  }
  static std::vector<S> download(View<const S> from) {
    std::vector<S> host;
    each(from, [&](Index t, Index i) { host.push_back(row(from, t)[i]); });
    return host;
  }

  static void gemm(View<S> out, View<const S> a, View<const S> b, Flip flip, bool add) {
    const Index inner = flip == Flip::left ? a.rows : a.cols;
    each(out, [&](Index i, Index j) {
      S sum = add ? row(out, i)[j] : 0;
      for (Index k = 0; k < inner; ++k) {
        sum += (flip == Flip::left ? row(a, k)[i] : row(a, i)[k]) *
               (flip == Flip::right ? row(b, j)[k] : row(b, k)[j]);
      }
      row(out, i).set(j, sum);
    });
  }

  template <class F, class Outs, class In, class... Ins>
  static void map(const F& f, const Outs& outs, const In& in, const Ins&... ins) {
    each(in, [&](Index t, Index i) { put(outs, t, i, f(row(in, t)[i], row(ins, t)[i]...)); });
  }

  template <class F, class... Args>
  static void map_rows(const F& f, const Rows& rows, const Args&... args) {
    for (Index t = 0; t < rows.rows; ++t) {
      for (Index g = 0; g < rows.groups; ++g) {
        f(storage::PlainRow<S>{t, g, rows.width}, part(args, t, g, rows)...);
      }
    }
  }

  static void gather(View<S> out, View<const S> in, const Indices& indices) {
    each(out, [&](Index t, Index i) { row(out, t).set(i, row(in, at(indices.numbers_, t))[i]); });
  }
  static void scatter_add(View<S> out, const Indices& indices, View<const S> in) {
    each(in, [&](Index t, Index i) { row(out, at(indices.numbers_, t)).add(i, row(in, t)[i]); });
  }

  static double dot(View<const S> a, View<const S> b) {
    double total = 0;
    each(a, [&](Index t, Index i) { total += static_cast<double>(row(a, t)[i] * row(b, t)[i]); });
    return total;
  }

 private:
  template <class E>
  static View<E> view_of(E* first, const Plain& m) {
    return {m.elements_.empty() ? nullptr : storage::disguised(first), m.rows_, m.cols_, m.cols_};
  }
  template <class V, class F>
  static void each(const V& shape, F f) {
    for (Index t = 0; t < row_count(shape); ++t) {
      for (Index i = 0; i < col_count(shape); ++i) f(t, i);
    }
  }
  template <class V>
  static auto row(const V& v, Index t) {
    return part(v, t, 0, Rows{2, 1, col_count(v)});
  }
  template <class V, class N>
  static void put(const V& out, Index t, Index i, const N& n) {
    row(out, t).set(i, n);
  }
  template <class V, class N, std::size_t K>
  static void put(const std::array<V, K>& outs, Index t, Index i, const std::array<N, K>& n) {
    for (std::size_t k = 0; k < K; ++k) put(outs[k], t, i, n[k]);
  }

  template <class E>
  static E* start(const View<E>& v, Index t, Index group, const Rows& rows) {
    if (v.data == nullptr) return nullptr;
    return storage::disguised(v.data) + (v.rows == 1 ? 0 : t * v.stride) +
           (v.cols == rows.groups * rows.width ? group * rows.width : 0);
  }
  template <class E>
  static storage::Numbers<E, S> part(const View<E>& v, Index t, Index group, const Rows& rows) {
    return {{start(v, t, group, rows)}, {v.stride}};
  }
  template <class E>
  static storage::Numbers<E, Dual<S>> part(const Dual<View<E>>& v, Index t, Index group,
                                           const Rows& rows) {
    return {{start(v.value, t, group, rows), start(v.tangent, t, group, rows)},
            {v.value.stride, v.tangent.stride}};
  }
  static const Index* part(const Indices& integers, Index, Index, const Rows&) {
    return integers.numbers_.data();
  }
  template <class V, std::size_t K>
  static auto part(const std::array<V, K>& several, Index t, Index group, const Rows& rows) {
    std::array<decltype(part(several[0], t, group, rows)), K> parts;
    for (std::size_t k = 0; k < K; ++k) parts[k] = part(several[k], t, group, rows);
    return parts;
  }
  template <class V>
  static auto part(const Sum<V>& sum, Index /*t*/, Index group, const Rows& rows) {
    return part(sum.view, 0, group, rows);
  }
  template <class V>
  static auto part(const Shared<V>& all, Index /*t*/, Index group, const Rows& rows) {
    return part(all.view, 0, group, rows);
  }
};

}  // namespace ttt
