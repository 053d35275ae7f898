// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/layer/layer.hpp>
#include <ttt/layer/short_conv.hpp>
#include <ttt/memory/delta_rule.hpp>
#include <ttt/shape.hpp>

#include <cmath>

namespace ttt {

/// The layer of Gated DeltaNet: a linear map for each head, which is corrected, with each token, by
/// the error of what the token's key reads there.
///
///   q, k, v = silu(convolutions of x W_q, x W_k, x W_v),    q and k of length 1 / sqrt(key) and 1
///   beta = rate sigmoid(x W_b),    g = -exp(A_log) softplus(x W_a + dt_bias)
///   y = (rms_norm(delta rule of q, k, v, beta, g) silu(x W_g)) W_o
///
/// beta and g are numbers for each head of values. Each head of keys, with its queries, is shared
/// by neighbouring heads of values.
///
/// \shape  x [time, width] -> [time, width]; time > 0
/// \cost   O(time * heads * (key + value) * (width + value + chunk))
/// \source Yang, Kautz and Hatamizadeh 2024, "Gated Delta Networks: Improving Mamba2 with Delta
///         Rule", arXiv:2412.06464
struct GatedDeltaNet {
  static constexpr LayerTraits traits{};  ///< reads may end anywhere
  using Extras = NoExtras;                ///< none

  Index heads = 0;              ///< of keys and queries; 0 for the spec's
  Index value_heads = 0;        ///< of values, a multiple of heads; 0 for as many as heads
  Index key = 0;                ///< features of a head of keys; 0 for the spec's head
  Index value = 0;              ///< features of a head of values; 0 for 2 key
  Index taps = 4;               ///< of the convolutions
  Bias conv_bias = Bias::none;  ///< of the convolutions
  double rate = 1;              ///< times the sigmoid in beta; 2 allows negative eigenvalues
  double epsilon = 1e-5;        ///< of the norm
  Index chunk = 64;             ///< tokens that are read at once
  PartNames names{"delta_net_norm", "delta_net", "delta_net_post_norm"};  ///< in files

  /// The numbers of the heads, which weight decay is not for: decay would change how long they
  /// remember.
  template <class A>
  struct Numbers {
    static constexpr bool undecayed = true;  ///< what Leaf::undecayed reports of them

    A step_bias;  ///< [1, value_heads], of the decays: dt_bias
    A log_rate;   ///< [1, value_heads], of the decays: A_log

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("dt_bias", trees.step_bias...);
      on("A_log", trees.log_rate...);
    }
  };

  /// The projections, the convolutions, and the numbers of the heads.
  template <class A>
  struct Params {
    A wq;                                  ///< [width, heads * key], to queries
    A wk;                                  ///< [width, heads * key], to keys
    A wv;                                  ///< [width, value_heads * value], to values
    A wg;                                  ///< [width, value_heads * value], to the gate
    A wa;                                  ///< [width, value_heads], to the decays
    A wb;                                  ///< [width, value_heads], to beta
    typename ShortConv::Params<A> q_conv;  ///< of queries
    typename ShortConv::Params<A> k_conv;  ///< of keys
    typename ShortConv::Params<A> v_conv;  ///< of values
    Numbers<A> numbers;                    ///< of the heads of values
    A norm;                                ///< [1, value], shared by the heads
    A wo;                                  ///< [value_heads * value, width], from what is read

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("q_proj.weight", trees.wq...);
      on("k_proj.weight", trees.wk...);
      on("v_proj.weight", trees.wv...);
      on("g_proj.weight", trees.wg...);
      on("a_proj.weight", trees.wa...);
      on("b_proj.weight", trees.wb...);
      on("q_conv1d", trees.q_conv...);
      on("k_conv1d", trees.k_conv...);
      on("v_conv1d", trees.v_conv...);
      on("", trees.numbers...);
      on("o_norm.weight", trees.norm...);
      on("o_proj.weight", trees.wo...);
    }
  };

  /// What the next tokens still see, and the maps of the heads.
  template <class A>
  struct State {
    A q_conv;  ///< [at most taps - 1, heads * key], queries before the convolution
    A k_conv;  ///< [at most taps - 1, heads * key], keys before it
    A v_conv;  ///< [at most taps - 1, value_heads * value], values before it
    A delta;   ///< [key, value_heads * value], the maps, or without rows before the text

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("q_conv", trees.q_conv...);
      on("k_conv", trees.k_conv...);
      on("v_conv", trees.v_conv...);
      on("delta", trees.delta...);
    }
  };

  /// The layer with every shape its own, none left to the spec.
  ///
  /// \throws SpecError, a compile error in a constant, that names the first rule that is broken.
  [[nodiscard]] constexpr GatedDeltaNet settled(const ModelSpec& spec) const {
    GatedDeltaNet own = *this;
    if (heads == 0) own.heads = spec.heads;
    if (value_heads == 0) own.value_heads = own.heads;
    if (key == 0) own.key = head_of(spec);
    if (value == 0) own.value = 2 * own.key;
    require_rule(own.heads > 0, "heads must not be negative");
    require_rule(own.value_heads > 0, "value_heads must not be negative");
    require_rule(own.value_heads % own.heads == 0, "value_heads must be a multiple of heads");
    require_rule(own.key > 0, "key must not be negative");
    require_rule(own.value > 0, "value must not be negative");
    require_rule(taps > 0, "taps must be positive");
    require_rule(rate > 0, "rate must be positive");
    require_rule(chunk > 0, "chunk must be positive");
    return own;
  }

  /// What the parameters are.
  ///
  /// \throws SpecError if a setting breaks a rule.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const ModelSpec& spec) const {
    const GatedDeltaNet own = settled(spec);
    const auto from = [&](Index width) { return matrix_spec(spec.init, spec.width, width); };
    const auto conv = own.conv().tensors(own.keys());
    return {.wq = from(own.keys()),
            .wk = from(own.keys()),
            .wv = from(own.values()),
            .wg = from(own.values()),
            .wa = from(own.value_heads),
            .wb = from(own.value_heads),
            .q_conv = conv,
            .k_conv = conv,
            .v_conv = own.conv().tensors(own.values()),
            .numbers = {.step_bias = {1, own.value_heads, init::time_step},
                        .log_rate = {1, own.value_heads, init::log_of_uniform(0, 16)}},
            .norm = {1, own.value, init::ones},
            .wo = matrix_spec(spec.init, own.values(), spec.width)};
  }

  /// Throws ShapeError unless `state` can be that of `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const ModelSpec& spec) const {
    const GatedDeltaNet own = settled(spec);
    const ShortConv conv = own.conv();
    conv.validate("GatedDeltaNet", "q_conv", state.q_conv, position, own.keys());
    conv.validate("GatedDeltaNet", "k_conv", state.k_conv, position, own.keys());
    conv.validate("GatedDeltaNet", "v_conv", state.v_conv, position, own.values());
    expect_rows("GatedDeltaNet", "delta", state.delta, position == 0 ? 0 : own.key, own.values());
  }

  /// Reads the rows of x; see Layer.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& state, const X& x,
                       const C& context) const {
    const GatedDeltaNet own = settled(context.spec);
    const auto convolved = [&](const P& weight, const ShortConv::Params<P>& conv, X& past) {
      return silu(ShortConv::read(conv, past, matmul(x, weight)));
    };
    const X q = convolved(params.wq, params.q_conv, state.q_conv);
    const X k = convolved(params.wk, params.k_conv, state.k_conv);
    const X step = softplus_of(add_row(matmul(x, params.wa), params.numbers.step_bias));
    const DeltaRows<X> rows{
        .q = unit_norm(q, own.heads, 1 / std::sqrt(static_cast<double>(own.key))),
        .k = unit_norm(k, own.heads),
        .v = convolved(params.wv, params.v_conv, state.v_conv),
        .beta = sigmoid(matmul(x, params.wb)),
        .log_decay = scale_heads(step, exponential(params.numbers.log_rate), -1)};
    const DeltaRule rule{
        .heads = {.heads = own.value_heads, .groups = own.heads}, .chunk = chunk, .rate = rate};
    const X y = rms_norm(rule.read(state.delta, rows), params.norm, epsilon);
    return matmul(silu_gate(matmul(x, params.wg), y), params.wo);
  }

 private:
  [[nodiscard]] constexpr Index keys() const { return heads * key; }
  [[nodiscard]] constexpr Index values() const { return value_heads * value; }
  [[nodiscard]] constexpr ShortConv conv() const { return {.taps = taps, .bias = conv_bias}; }
};

/// Returns `layer`, or names the first rule that it breaks with `spec`: a compile error in a
/// constant, SpecError at run time.
[[nodiscard]] constexpr GatedDeltaNet checked(const GatedDeltaNet& layer, const ModelSpec& spec) {
  static_cast<void>(layer.settled(spec));
  return layer;
}

static_assert(Layer<GatedDeltaNet> && Layer<With<GatedDeltaNet{.value_heads = 4}>>);

}  // namespace ttt
