// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/cotangent.hpp>
#include <ttt/memory/inner_model.hpp>
#include <ttt/memory/linear_recurrence.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt {

/// A map of an inner model as a layer stores it: as the last whole chunk left it, and what the
/// chunk in progress has added up.
template <class A>
struct InnerMap {
  A weight;    ///< [in, heads * out]; without rows before the text
  A bias;      ///< [1, heads * out], or without rows
  A sum;       ///< [in, heads * out], of rate times gradient; without rows where a chunk begins
  A bias_sum;  ///< [1, heads * out], likewise
  A velocity;  ///< [in, heads * out], of the inner rule, or without rows
  A bias_velocity;  ///< [1, heads * out], likewise

  /// Calls on(name, member...) for each member of trees of one form.
  static constexpr void visit(auto&& on, auto&... trees) {
    on("weight", trees.weight...);
    on("bias", trees.bias...);
    on("sum", trees.sum...);
    on("bias_sum", trees.bias_sum...);
    on("velocity", trees.velocity...);
    on("bias_velocity", trees.bias_velocity...);
  }
};

/// The maps of an inner model.
template <class A, std::size_t Count>
struct InnerMaps {
  std::array<InnerMap<A>, Count> maps;  ///< in the order of the model

  /// Calls on(name, member...) for each member of trees of one form.
  static constexpr void visit(auto&& on, auto&... trees) {
    for (std::size_t n = 0; n < Count; ++n) on(NumberedName("", n).view(), trees.maps[n]...);
  }
};

/// x W + b of a map, head by head.
template <class X>
[[nodiscard]] X map_heads(const InnerMap<X>& map, const X& x, Index heads) {
  return add_bias(matmul_heads(x, map.weight, heads), map.bias);
}

/// The keys of a chunk on their way through an inner model, and the gradient of a loss on its way
/// back: of each map, what it was given, and the gradient of what it made of it.
template <class X>
class KeyPass {
 public:
  /// Where a value is stored.
  struct Place {
    std::size_t number;  ///< in the order of the pass
  };

  /// \pre the maps outlive the pass
  KeyPass(std::span<const InnerMap<X>> maps, Index heads)
      : maps_(maps), heads_(heads), inputs_(maps.size()), gradients_(maps.size()) {}

  /// What the model is given; no gradient goes back to it.
  [[nodiscard]] Place input(const X& x) {
    values_.push_back(x);
    return {values_.size() - 1};
  }
  /// The n-th map of a value.
  ///
  /// \pre the model has not applied it before
  [[nodiscard]] Place map(std::size_t n, Place x) {
    inputs_[n] = values_[x.number];
    return put(map_heads(maps_[n], values_[x.number], heads_), [this, n, x](const X& g) {
      gradients_[n] = g;
      if (x.number > 0) pull(x, matmul_heads(g, maps_[n].weight, heads_, Flip::right));
    });
  }
  /// An elementwise operation of values.
  template <int Inputs, class F, class... Places>
  [[nodiscard]] Place apply(const Elementwise<Inputs, F>& op, Places... x) {
    return put(ttt::apply(op, values_[x.number]...), [this, op, x...](const X& g) {
      const auto pulled = pull_elements(op, g, values_[x.number]...);
      if constexpr (Inputs == 1) {
        (pull(x, pulled), ...);
      } else {
        std::size_t n = 0;
        (pull(x, pulled[n++]), ...);
      }
    });
  }
  /// A value.
  [[nodiscard]] const X& operator[](Place x) const { return values_[x.number]; }

  /// Takes the gradient of a loss with respect to `result` back.
  void pull_back(Place result, const X& gradient) {
    cotangents_.resize(values_.size());
    pull(result, gradient);
    for (; !steps_.empty(); steps_.pop_back()) {
      auto& [number, step] = steps_.back();
      if (cotangents_[number]) step(*cotangents_[number]);
    }
  }
  /// What the n-th map was given.
  [[nodiscard]] const X& given(std::size_t n) const { return inputs_[n]; }
  /// The gradient of what it made of it.
  [[nodiscard]] const X& gradient(std::size_t n) const { return gradients_[n]; }

 private:
  template <class Step>
  Place put(X value, Step&& step) {
    values_.push_back(std::move(value));
    steps_.push_back({values_.size() - 1, std::forward<Step>(step)});
    return {values_.size() - 1};
  }
  void pull(Place x, const X& gradient) {
    auto& cotangent = cotangents_[x.number];
    cotangent = cotangent ? add(*cotangent, gradient) : gradient;
  }

  std::span<const InnerMap<X>> maps_;
  Index heads_;
  std::deque<X> values_;
  std::vector<X> inputs_, gradients_;
  std::vector<std::optional<X>> cotangents_;
  std::vector<std::pair<std::size_t, std::function<void(const X&)>>> steps_;
};

/// The queries of a chunk on their way through an inner model whose steps each token sees, up to
/// its own: the dual form, in which no weights but the last are made.
///
///   y_t = x_t W + b - c_t (x_t S + s + sum of (x_t . k_j + 1) u_j over j <= t)
///
/// with k_j what the map was given of key j, u_j rate times gradient, S and s the sums that the
/// chunk began with, and c_t the shares. For a single token, it is the primal form.
///
/// \source Sun et al. 2024, arXiv:2407.04620, which has no sums to begin with
template <class X>
class QueryPass {
 public:
  /// \pre everything outlives the pass; `updates` are rate times gradient of each map
  QueryPass(std::span<InnerMap<X>> maps, Index heads, const KeyPass<X>& keys,
            std::span<const X> updates, const X& shares)
      : maps_(maps), heads_(heads), keys_(keys), updates_(updates), shares_(shares) {}

  /// The n-th map of x, with the steps of the chunk up to each token.
  [[nodiscard]] X map(std::size_t n, const X& x) {
    InnerMap<X>& own = maps_[n];
    const bool bias = row_count(own.bias) > 0;
    const X still = map_heads(own, x, heads_);
    const LinearRecurrence<X> recurrence({heads_, heads_}, bias ? 1 : 0);
    X learned = recurrence.read(own.sum, x, keys_.given(n), updates_[n]);
    if (bias && row_count(own.bias_sum) > 0) learned = add_row(learned, own.bias_sum);
    if (bias) own.bias_sum = added(own.bias_sum, sum_rows(updates_[n]));
    return subtract(still, scale_heads(learned, shares_));
  }
  /// An elementwise operation.
  template <int Inputs, class F, class... Xs>
  [[nodiscard]] X apply(const Elementwise<Inputs, F>& op, const Xs&... x) const {
    return ttt::apply(op, x...);
  }

  /// A sum that may be without rows, and one more term.
  [[nodiscard]] static X added(const X& sum, const X& term) {
    return row_count(sum) == 0 ? term : add(sum, term);
  }

 private:
  std::span<InnerMap<X>> maps_;
  Index heads_;
  const KeyPass<X>& keys_;
  std::span<const X> updates_;
  const X& shares_;
};

/// The queries of a chunk on their way through an inner model as the last chunk left it.
template <class X>
class StillPass {
 public:
  /// \pre the maps outlive the pass
  StillPass(std::span<const InnerMap<X>> maps, Index heads) : maps_(maps), heads_(heads) {}

  /// The n-th map of x.
  [[nodiscard]] X map(std::size_t n, const X& x) const { return map_heads(maps_[n], x, heads_); }
  /// An elementwise operation.
  template <int Inputs, class F, class... Xs>
  [[nodiscard]] X apply(const Elementwise<Inputs, F>& op, const Xs&... x) const {
    return ttt::apply(op, x...);
  }

 private:
  std::span<const InnerMap<X>> maps_;
  Index heads_;
};

}  // namespace ttt
