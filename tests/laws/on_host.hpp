// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <utility>

#include "laws/numbers.hpp"

namespace laws {

///@{
/// The results of an operation, one or several.
template <class A>
std::span<A> as_span(A& one) {
  return {&one, 1};
}
template <class A, std::size_t N>
std::span<A> as_span(std::array<A, N>& several) {
  return several;
}
///@}

/// An operation over the storage M, as a function of matrices of the host: its results are one
/// column, one behind the other, and so are their cotangents.
template <Storage M, class Op, std::size_t N>
class OnHost {
 public:
  using Host = Matrix<double>;
  using Hosts = std::array<Host, N>;
  using D = Dual<M>;
  using Mask = unsigned;  ///< bit n stands for input n

  static constexpr Mask all = (1U << N) - 1;

  OnHost(const Op& op, const Hosts& inputs) : op_(op) {
    for (auto& shape : shapes_) shape = {0, 0};
    auto y = results(made<M>(inputs, {}, 0));
    const auto each = as_span(y);
    for (std::size_t k = 0; k < each.size(); ++k) {
      shapes_[k] = {row_count(each[k]), col_count(each[k])};
      size_ += shapes_[k][0] * shapes_[k][1];
    }
  }

  [[nodiscard]] Index size() const { return size_; }  ///< of all results
  [[nodiscard]] const Op& op() const { return op_; }

  static bool has(Mask mask, std::size_t n) { return (mask >> n & 1U) != 0; }

  [[nodiscard]] Host value(const Hosts& in) const { return column(results(made<M>(in, {}, 0))); }
  /// Both halves of the results where the inputs of `moving` move along the directions.
  [[nodiscard]] Dual<Host> value(const Hosts& in, const Hosts& along, Mask moving) const {
    return columns(results(made<D>(in, along, moving)));
  }
  /// The tangent half by itself.
  [[nodiscard]] Host tangent(const Hosts& in, const Hosts& along, Mask moving) const {
    return std::apply([&](const auto&... x) { return column(op_.tangent(x...)); },
                      made<D>(in, along, moving));
  }

  /// What the leaves of a tape over M receive.
  template <class... Recordings>
  [[nodiscard]] Hosts pulled(const Hosts& in, Mask wanted, const Host& cotangent,
                             Recordings&... activations) const {
    return pulled<M>(made<M>(in, {}, 0), wanted, split(cotangent), activations...);
  }
  /// What the leaves of a tape over duals receive.
  template <class... Recordings>
  [[nodiscard]] Hosts pulled(const Hosts& in, const Hosts& along, Mask moving, Mask wanted,
                             const Dual<Host>& cotangent, Recordings&... activations) const {
    return pulled<D>(made<D>(in, along, moving), wanted, split(cotangent), activations...);
  }

  /// What the pullback over duals adds to sums of both halves.
  [[nodiscard]] std::array<Dual<Host>, N> both_halves(const Hosts& in, const Hosts& along,
                                                      Mask moving,
                                                      const Dual<Host>& cotangent) const {
    const auto x = made<D>(in, along, moving);
    auto y = results(x);
    auto dy = split(cotangent);
    std::array<D, N> sums;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto pull = [&](const auto& out, const auto& g) {
        op_.pullback(out, g,
                     Input<D>(&x[I], {row_count(x[I]), col_count(x[I])},
                              {.value = &sums[I].value, .tangent = &sums[I].tangent})...);
      };
      if constexpr (Array<decltype(y)>) {
        pull(y, dy[0]);
      } else {
        pull(pointers(y), pointers(dy));
      }
    }
    (std::make_index_sequence<N>());
    std::array<Dual<Host>, N> fetched_sums;
    for (std::size_t n = 0; n < N; ++n) {
      fetched_sums[n] = {fetched(sums[n].value), fetched(sums[n].tangent)};
    }
    return fetched_sums;
  }

 private:
  template <std::size_t... I>
  static auto result_of(const Op& op, const M& x, std::index_sequence<I...> /*inputs*/)
      -> decltype(op.value((static_cast<void>(I), x)...));
  static constexpr std::size_t count = detail::result_count<decltype(result_of(
      std::declval<const Op&>(), std::declval<const M&>(), std::make_index_sequence<N>()))>;

  template <class A>
  static std::array<A, N> made(const Hosts& in, const Hosts& along, Mask moving) {
    std::array<A, N> arrays;
    for (std::size_t n = 0; n < N; ++n) {
      if constexpr (Storage<A>) {
        arrays[n] = stored<M>(in[n]);
      } else {
        arrays[n] = {stored<M>(in[n]), has(moving, n) ? stored<M>(along[n]) : M()};
      }
    }
    return arrays;
  }

  template <class X>
  auto results(const std::array<X, N>& in) const {
    return std::apply([&](const auto&... x) { return apply(op_, x...); }, in);
  }

  template <class A, std::size_t K>
  static std::array<const A*, K> pointers(const std::array<A, K>& arrays) {
    std::array<const A*, K> all_of;
    for (std::size_t k = 0; k < K; ++k) all_of[k] = &arrays[k];
    return all_of;
  }

  /// All results in one column; without elements where none has any.
  template <class Ys>
  Host column(Ys ys) const {
    const auto each = as_span(ys);
    Host whole = Host::Zero(size_ > 0 ? size_ : each[0].rows() * each[0].cols(), 1);
    bool any = false;
    Index first = 0;
    for (std::size_t k = 0; k < count; ++k) {
      const Host part = fetched(each[k]);
      any = any || part.size() > 0;
      if (part.size() > 0)
        whole.middleRows(first, part.size()) = part.template reshaped<Eigen::RowMajor>();
      first += shapes_[k][0] * shapes_[k][1];
    }
    return any ? whole : Host();
  }
  template <class Ys>
  Dual<Host> columns(Ys ys) const {
    const auto each = as_span(ys);
    std::array<M, count> values;
    std::array<M, count> tangents;
    for (std::size_t k = 0; k < count; ++k) {
      values[k] = each[k].value;
      tangents[k] = each[k].tangent;
    }
    return {column(values), column(tangents)};
  }

  std::array<M, count> split(const Host& whole) const {
    std::array<M, count> parts;
    Index first = 0;
    for (std::size_t k = 0; k < count && whole.size() > 0; ++k) {
      const auto [rows, cols] = shapes_[k];
      const Host part = Eigen::Map<const Host>(whole.data() + first, rows, cols);
      parts[k] = stored<M>(part);
      first += rows * cols;
    }
    return parts;
  }
  std::array<D, count> split(const Dual<Host>& whole) const {
    const auto values = split(whole.value);
    const auto tangents = split(whole.tangent);
    std::array<D, count> parts;
    for (std::size_t k = 0; k < count; ++k) parts[k] = {values[k], tangents[k]};
    return parts;
  }

  template <class A, class... Recordings>
  Hosts pulled(const std::array<A, N>& in, Mask wanted, const std::array<A, count>& cotangents,
               Recordings&... activations) const {
    std::array<M, N> sinks;
    Tape<A> tape(activations...);
    std::array<Var<A>, N> vars;
    for (std::size_t n = 0; n < N; ++n) {
      vars[n] = has(wanted, n) ? tape.leaf(in[n], sinks[n]) : tape.constant(in[n]);
    }
    auto ys = results(vars);
    const auto each = as_span(ys);
    for (std::size_t k = 0; k < count; ++k) tape.seed(each[k], A(cotangents[k]));
    tape.pull_back();
    Hosts hosts;
    for (std::size_t n = 0; n < N; ++n) hosts[n] = fetched(sinks[n]);
    return hosts;
  }

  Op op_;
  std::array<std::array<Index, 2>, count> shapes_;
  Index size_ = 0;
};

}  // namespace laws
