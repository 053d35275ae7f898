// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/lane.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace ttt::cpu {

/// The number 0 of a kind of number: a scalar, a lane or a dual.
template <class N>
[[nodiscard, gnu::always_inline]] inline N zero_number() {
  if constexpr (std::floating_point<N>) {
    return N(0);
  } else if constexpr (requires(N n) { n.x; }) {
    return {decltype(N::x)::Zero()};
  } else {
    using Half = decltype(N::value);
    return {zero_number<Half>(), zero_number<Half>()};
  }
}

/// The elements of one group of one row that a functor reads.
template <class S>
struct Reader {
  const S* first;
  Index stride;  ///< elements from one row to the next

  /// Neighbouring elements.
  template <class Place>
  [[gnu::always_inline]] Lane<S> operator[](Place i) const {
    return load(first, i);
  }
  /// The same with each element of even number and the one behind it in each other's place.
  template <class Place>
  [[gnu::always_inline]] Lane<S> partner(Place i) const {
    const Lane<S> a = load(first, i);
    Lane<S> b;
    for (Index n = 0; n < Lane<S>::size; n += 2) {
      b.x[n] = a.x[n + 1];
      b.x[n + 1] = a.x[n];
    }
    return b;
  }
  /// One element.
  [[gnu::always_inline]] S at(Index i) const { return first[i]; }
  /// The same group `rows` rows before.
  [[nodiscard]] Reader up(Index rows) const { return {first - rows * stride, stride}; }
};

/// The same of an array that may stand for zeros, which has no data.
template <class S>
struct ZeroOr {
  Reader<S> elements;

  template <class Place>
  [[gnu::always_inline]] Lane<S> operator[](Place i) const {
    return elements.first == nullptr ? zero_number<Lane<S>>() : elements[i];
  }
  template <class Place>
  [[gnu::always_inline]] Lane<S> partner(Place i) const {
    return elements.first == nullptr ? zero_number<Lane<S>>() : elements.partner(i);
  }
  [[gnu::always_inline]] S at(Index i) const {
    return elements.first == nullptr ? S(0) : elements.at(i);
  }
  [[nodiscard]] ZeroOr up(Index rows) const {
    return elements.first == nullptr ? *this : ZeroOr{elements.up(rows)};
  }
};

/// The elements of one group of one row that a functor writes; without data they are not wanted.
template <class S>
struct Writer {
  S* first;
  Index stride;  ///< elements from one row to the next

  ///@{
  /// Writes neighbouring elements or one, or adds to them.
  template <class Place>
  [[gnu::always_inline]] void set(Place i, const Lane<S>& n) const {
    if (first != nullptr) store(n, first, i);
  }
  template <class Place>
  [[gnu::always_inline]] void add(Place i, const Lane<S>& n) const {
    if (first != nullptr) store(load<S>(first, i) + n, first, i);
  }
  [[gnu::always_inline]] void set_at(Index i, S n) const {
    if (first != nullptr) first[i] = n;
  }
  [[gnu::always_inline]] void add_at(Index i, S n) const {
    if (first != nullptr) first[i] += n;
  }
  ///@}
  /// The elements as they are now.
  template <class Place>
  [[gnu::always_inline]] Lane<S> operator[](Place i) const {
    return load<S>(first, i);
  }
  /// The same group `rows` rows before.
  [[nodiscard]] Writer up(Index rows) const {
    return {first == nullptr ? nullptr : first - rows * stride, stride};
  }
};

/// Both halves of a dual's.
template <class Half>
struct DualReader {
  Half value, tangent;

  template <class Place>
  [[gnu::always_inline]] auto operator[](Place i) const {
    return Dual{value[i], tangent[i]};
  }
  template <class Place>
  [[gnu::always_inline]] auto partner(Place i) const {
    return Dual{value.partner(i), tangent.partner(i)};
  }
  [[gnu::always_inline]] auto at(Index i) const { return Dual{value.at(i), tangent.at(i)}; }
  [[nodiscard]] DualReader up(Index rows) const { return {value.up(rows), tangent.up(rows)}; }
};
/// Both halves of a dual's.
template <class Half>
struct DualWriter {
  Half value, tangent;

  template <class Place, class N>
  [[gnu::always_inline]] void set(Place i, const N& n) const {
    value.set(i, n.value);
    tangent.set(i, n.tangent);
  }
  template <class Place, class N>
  [[gnu::always_inline]] void add(Place i, const N& n) const {
    value.add(i, n.value);
    tangent.add(i, n.tangent);
  }
  template <class N>
  [[gnu::always_inline]] void set_at(Index i, const N& n) const {
    value.set_at(i, n.value);
    tangent.set_at(i, n.tangent);
  }
  template <class N>
  [[gnu::always_inline]] void add_at(Index i, const N& n) const {
    value.add_at(i, n.value);
    tangent.add_at(i, n.tangent);
  }
  template <class Place>
  [[gnu::always_inline]] auto operator[](Place i) const {
    return Dual{value[i], tangent[i]};
  }
  [[nodiscard]] DualWriter up(Index rows) const { return {value.up(rows), tangent.up(rows)}; }
};

///@{
/// What a functor is given of an argument of map_rows in one group of one row.
template <class S>
[[gnu::always_inline]] inline Index start_of(const View<S>& v, Index row, Index group,
                                             const Rows& rows) {
  return (v.rows == 1 ? 0 : row * v.stride) +
         (v.cols == rows.groups * rows.width ? group * rows.width : 0);
}
template <class S>
[[gnu::always_inline]] inline Reader<S> part(const View<const S>& v, Index row, Index group,
                                             const Rows& rows) {
  return {v.data == nullptr ? nullptr : v.data + start_of(v, row, group, rows), v.stride};
}
template <class S>
[[gnu::always_inline]] inline Writer<S> part(const View<S>& v, Index row, Index group,
                                             const Rows& rows) {
  return {v.data == nullptr ? nullptr : v.data + start_of(v, row, group, rows), v.stride};
}
template <class S>
[[gnu::always_inline]] inline auto part(const Dual<View<const S>>& v, Index row, Index group,
                                        const Rows& rows) {
  return DualReader<ZeroOr<S>>{{part(v.value, row, group, rows)},
                               {part(v.tangent, row, group, rows)}};
}
template <class S>
[[gnu::always_inline]] inline auto part(const Dual<View<S>>& v, Index row, Index group,
                                        const Rows& rows) {
  return DualWriter<Writer<S>>{part(v.value, row, group, rows), part(v.tangent, row, group, rows)};
}
[[gnu::always_inline]] inline const Index* part(const std::vector<Index>& integers, Index /*row*/,
                                                Index /*group*/, const Rows& /*rows*/) {
  return integers.data();
}
// Of several arrays, each may stand for zeros.
template <class S>
[[gnu::always_inline]] inline ZeroOr<S> zero_or(const Reader<S>& reader) {
  return {reader};
}
template <class P>
[[gnu::always_inline]] inline const P& zero_or(const P& other) {
  return other;
}
template <class V, std::size_t N>
[[gnu::always_inline]] inline auto part(const std::array<V, N>& several, Index row, Index group,
                                        const Rows& rows) {
  std::array<std::remove_cvref_t<decltype(zero_or(part(several[0], row, group, rows)))>, N> parts;
  for (std::size_t n = 0; n < N; ++n) parts[n] = {zero_or(part(several[n], row, group, rows))};
  return parts;
}
template <class V>
[[gnu::always_inline]] inline auto part(const Sum<V>& sum, Index /*row*/, Index group,
                                        const Rows& rows) {
  return part(sum.view, 0, group, rows);
}
template <class V>
[[gnu::always_inline]] inline auto part(const Shared<V>& all, Index /*row*/, Index group,
                                        const Rows& rows) {
  return part(all.view, 0, group, rows);
}
///@}

}  // namespace ttt::cpu
