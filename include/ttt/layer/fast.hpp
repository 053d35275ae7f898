// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>

#include <span>

namespace ttt {

/// A layer whose parameters are fast weights: they take a gradient step after each chunk of what is
/// read, and so are a memory of it. Their starting values are learned like any other parameter.
///
/// \source Sun et al. 2025, "End-to-End Test-Time Training for Long Context", arXiv:2512.23675
template <class L>
struct Fast {
  static_assert(detail::expect_layer<L>(), "Fast takes a Layer");
  static constexpr LayerTraits traits = L::traits | LayerTraits{.learns = true};  ///< it learns
  using Extras = typename L::Extras;                                              ///< of the layer

  L layer{};  ///< whose parameters learn
  PartNames names{"ffn_prime_norm", "feed_forward_prime", "ffn_prime_post_norm"};  ///< in files

  /// The layer's parameters, marked as fast.
  template <class A>
  struct Params : L::template Params<A> {
    static constexpr bool fast = true;  ///< what Leaf::fast reports of them
  };

  /// The layer's own.
  template <class A>
  using State = typename L::template State<A>;

  /// What the parameters are.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const ModelSpec& spec) const {
    return {layer.tensors(spec)};
  }

  /// As the layer.
  template <class M>
  void validate(const State<M>& state, Index position, const ModelSpec& spec) const {
    layer.validate(state, position, spec);
  }

  /// As the layer.
  template <class A>
  void observe(State<A>& state, std::span<const double> surprisal, const ModelSpec& spec) const
      requires(L::traits.surprisal) {
    layer.observe(state, surprisal, spec);
  }

  /// Reads the rows of x; see Layer.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& state, const X& x,
                       const C& context) const {
    const typename L::template Params<P>& own = params;
    return layer.read(own, state, x, context);
  }
};

}  // namespace ttt
