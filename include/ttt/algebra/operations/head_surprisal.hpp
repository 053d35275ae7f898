// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/cross_entropy.hpp>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace ttt {

/// The surprisal of each target under the logits that a head gives: as CrossEntropy of MatMul, but
/// no logits outlive a tile of tokens, so that the vocabulary may be large. The pullback computes
/// them again.
///
///   y_t = log(sum_v exp(z_tv)) - z_t,target(t),    z = x w or x w^T
///
/// \shape  x [tokens, width], w [width, vocab] or [vocab, width], targets [tokens] -> [tokens, 1]
/// \units  nats
/// \throws ShapeError and RangeError as CrossEntropy, ShapeError as MatMul.
/// \cost   one product in the value, three in the pullback; memory for `tile` logits, twice that in
///         the pullback
struct HeadSurprisal {
  static constexpr OperationTraits traits{.inputs = 2};  ///< see OperationTraits

  std::vector<Token> targets;    ///< one for each row of x
  Flip flip = Flip::right;       ///< of w: none or right
  Index tile = Index{1} << 24U;  ///< logits at a time, one token's at least; ours

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x, const A& w) const {
    const Index vocab = logits_of(w);
    const Index width = flip == Flip::right ? col_count(w) : row_count(w);
    expect_shape("head_surprisal", "x", x, {std::ssize(targets), width});
    CrossEntropy::expect_targets("head_surprisal", targets, vocab);
    A y = uninitialised<A>(row_count(x), 1);
    for_each_tile<A>(vocab, [&](Index first, Index count, const Indices<A>& tokens) {
      const A logits = multiply<A>(rows(view(x), first, count), view(w), flip);
      PrimitivesOf<A>::map_rows(CrossEntropy::Forward{}, Rows{count, 1, vocab},
                                rows(view(y), first, count), view(logits), tokens);
    });
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& y, const A& dy, const Input<A>& x, const Input<A>& w) const {
    using M = StorageOf<A>;
    const auto dx = x.sum();
    const auto dw = w.sum();
    const Index vocab = logits_of(w.value());
    for_each_tile<A>(vocab, [&](Index first, Index count, const Indices<A>& tokens) {
      const auto own = rows(view(x.value()), first, count);
      const A logits = multiply<A>(own, view(w.value()), flip);
      A back = uninitialised<A>(count, vocab);
      PrimitivesOf<A>::map_rows(CrossEntropy::Backward{}, Rows{count, 1, vocab}, view(back),
                                rows(view(y), first, count), rows(view(dy), first, count),
                                view(logits), tokens);
      const auto d = view(std::as_const(back));
      gemm<M>(rows(dx, first, count), d, view(w.value()),
              flip == Flip::right ? Flip::none : Flip::right);
      if (flip == Flip::right) {
        gemm<M>(dw, d, own, Flip::left);
      } else {
        gemm<M>(dw, own, d, Flip::left);
      }
    });
  }

 private:
  template <class W>
  [[nodiscard]] Index logits_of(const W& w) const {
    return flip == Flip::right ? row_count(w) : col_count(w);
  }
  template <class V>
  [[nodiscard]] static V rows(const V& all, Index first, Index count) {
    return block(all, first, 0, count, col_count(all));
  }

  /// Calls visit(first, count, tokens) for tiles of rows and their targets.
  template <Array A, class Visit>
  void for_each_tile(Index vocab, const Visit& visit) const {
    const Index most = std::max<Index>(1, tile / std::max<Index>(1, vocab));
    for (Index first = 0; first < std::ssize(targets); first += most) {
      const Index count = std::min(most, std::ssize(targets) - first);
      visit(first, count,
            indices<A>(std::span(targets).subspan(static_cast<std::size_t>(first),
                                                  static_cast<std::size_t>(count))));
    }
  }
};

/// The surprisal of each target under the logits x w^T, or with Flip::none x w, in nats.
template <class X>
[[nodiscard]] auto head_surprisal(const X& x, const X& w, std::span<const Token> targets,
                                  Flip flip) {
  return apply(HeadSurprisal{.targets = {targets.begin(), targets.end()}, .flip = flip}, x, w);
}

static_assert(Operation<HeadSurprisal>);

}  // namespace ttt
