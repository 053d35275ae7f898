// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/layer/layer.hpp>
#include <ttt/layer/short_conv.hpp>
#include <ttt/memory/state_space.hpp>
#include <ttt/shape.hpp>

namespace ttt {

/// The layer of Mamba-2: a state space whose inputs, writes, reads and time steps are projections
/// of the token, with a short convolution before it and a gate behind it.
///
///   [z | x | B | C | dt] = u W_in
///   [x | B | C] = silu(convolution of [x | B | C]),    dt = softplus(dt + dt_bias)
///   S_t = exp(-dt exp(A_log)) S_(t - 1) + B_t^T (dt x_t),    y_t = C_t S_t + D x_t
///   out = rms_norm(y silu(z)) W_out
///
/// Decays, steps and D are numbers for each head; B and C are shared by the heads of a group, and
/// the norm is over the features of a group.
///
/// \shape  u [time, width] -> [time, width]; time > 0
/// \cost   O(time * inner * (width + state + chunk)), inner = expansion * width
/// \source Dao and Gu 2024, "Transformers are SSMs", arXiv:2405.21060; its code for weight decay
struct Mamba2 {
  static constexpr LayerTraits traits{};  ///< reads may end anywhere
  using Extras = NoExtras;                ///< none

  Index expansion = 2;             ///< features inside, for each of the residual stream
  Index head = 0;                  ///< features of a head; 0 for the spec's
  Index groups = 1;                ///< of heads that share B and C
  Index state = 128;               ///< numbers that the state has for each feature
  Index taps = 4;                  ///< of the convolution
  Bias conv_bias = Bias::learned;  ///< of the convolution
  Bias bias = Bias::none;          ///< of the two projections
  double epsilon = 1e-5;           ///< of the norm
  Index chunk = 64;                ///< tokens that are read at once
  PartNames names{"mixer_norm", "mixer", "mixer_post_norm"};  ///< in files

  /// The numbers of the heads, which weight decay is not for: decay would change how long they
  /// remember.
  template <class A>
  struct Numbers {
    static constexpr bool undecayed = true;  ///< what Leaf::undecayed reports of them

    A step_bias;  ///< [1, heads], of dt
    A log_rate;   ///< [1, heads], A_log
    A skip;       ///< [1, heads], D

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("dt_bias", trees.step_bias...);
      on("A_log", trees.log_rate...);
      on("D", trees.skip...);
    }
  };

  /// The projections, the convolution, and the numbers of the heads.
  template <class A>
  struct Params {
    A in;                                ///< [width, inner + convolved + heads], to z, x, B, C, dt
    A in_bias;                           ///< of one row, or without rows
    typename ShortConv::Params<A> conv;  ///< of x, B and C
    Numbers<A> numbers;                  ///< of the heads
    A norm;                              ///< [1, inner]
    A out;                               ///< [inner, width]
    A out_bias;                          ///< [1, width], or without rows

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("in_proj.weight", trees.in...);
      on("in_proj.bias", trees.in_bias...);
      on("conv1d", trees.conv...);
      on("", trees.numbers...);
      on("norm.weight", trees.norm...);
      on("out_proj.weight", trees.out...);
      on("out_proj.bias", trees.out_bias...);
    }
  };

  /// What the next tokens still see, and the state of the heads.
  template <class A>
  struct State {
    A conv;  ///< [at most taps - 1, convolved], x, B and C before the convolution
    A ssm;   ///< [state, inner], or without rows before the text

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("conv", trees.conv...);
      on("ssm", trees.ssm...);
    }
  };

  /// The widths of what is inside the layer.
  struct Shape {
    Index inner;      ///< of z, x and y
    Index heads;      ///< of x
    Index shared;     ///< of B, and of C
    Index convolved;  ///< of x, B and C side by side
  };

  /// The widths inside, with the spec's head where the layer has none of its own.
  ///
  /// \throws SpecError, a compile error in a constant, that names the first rule that is broken.
  [[nodiscard]] constexpr Shape shape(const ModelSpec& spec) const {
    require_rule(expansion > 0, "expansion must be positive");
    require_rule(head >= 0, "head must not be negative");
    require_rule(groups > 0, "groups must be positive");
    require_rule(state > 0, "state must be positive");
    require_rule(taps > 0, "taps must be positive");
    require_rule(chunk > 0, "chunk must be positive");
    const Index own_head = head > 0 ? head : head_of(spec);
    const Index inner = expansion * spec.width;
    require_rule(inner % own_head == 0, "expansion * width must be a multiple of head");
    const Index heads = inner / own_head;
    require_rule(heads % groups == 0, "expansion * width / head must be a multiple of groups");
    const Index shared = groups * state;
    return {.inner = inner, .heads = heads, .shared = shared, .convolved = inner + 2 * shared};
  }

  /// What the parameters are.
  ///
  /// \throws SpecError if a setting breaks a rule.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const ModelSpec& spec) const {
    const Shape own = shape(spec);
    const Index projected = own.inner + own.convolved + own.heads;
    const auto bias_of = [&](Index width) {
      return bias == Bias::learned ? TensorSpec{1, width, init::zeros} : TensorSpec{};
    };
    return {.in = matrix_spec(spec.init, spec.width, projected),
            .in_bias = bias_of(projected),
            .conv = conv().tensors(own.convolved),
            .numbers = {.step_bias = {1, own.heads, init::time_step},
                        .log_rate = {1, own.heads, init::log_of_uniform(1, 16)},
                        .skip = {1, own.heads, init::ones}},
            .norm = {1, own.inner, init::ones},
            .out = matrix_spec(spec.init, own.inner, spec.width),
            .out_bias = bias_of(spec.width)};
  }

  /// Throws ShapeError unless `memory` can be that of `position`.
  template <class M>
  void validate(const State<M>& memory, Index position, const ModelSpec& spec) const {
    const Shape own = shape(spec);
    conv().validate("Mamba2", "conv", memory.conv, position, own.convolved);
    expect_rows("Mamba2", "ssm", memory.ssm, position == 0 ? 0 : state, own.inner);
  }

  /// Reads the rows of u; see Layer.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& memory, const X& u,
                       const C& context) const {
    const Shape own = shape(context.spec);
    const X all = add_bias(matmul(u, params.in), params.in_bias);
    const X mixed =
        silu(ShortConv::read(params.conv, memory.conv, take_cols(all, own.inner, own.convolved)));
    const X step = softplus_of(
        add_row(take_cols(all, own.inner + own.convolved, own.heads), params.numbers.step_bias));
    const StateSpaceRows<X> rows{
        .x = take_cols(mixed, 0, own.inner),
        .b = take_cols(mixed, own.inner, own.shared),
        .c = take_cols(mixed, own.inner + own.shared, own.shared),
        .step = step,
        .log_decay = scale_heads(step, exponential(params.numbers.log_rate), -1)};
    const StateSpace space{.heads = {.heads = own.heads, .groups = groups}, .chunk = chunk};
    const X y = add(space.read(memory.ssm, rows), scale_heads(rows.x, params.numbers.skip));
    const X gated = silu_gate(take_cols(all, 0, own.inner), y);
    return add_bias(matmul(rms_norm(gated, params.norm, epsilon, groups), params.out),
                    params.out_bias);
  }

 private:
  [[nodiscard]] constexpr ShortConv conv() const { return {.taps = taps, .bias = conv_bias}; }
};

/// Returns `layer`, or names the first rule that it breaks with `spec`: a compile error in a
/// constant, SpecError at run time.
[[nodiscard]] constexpr Mamba2 checked(const Mamba2& layer, const ModelSpec& spec) {
  static_cast<void>(layer.shape(spec));
  return layer;
}

static_assert(Layer<Mamba2> && Layer<With<Mamba2{.groups = 2}>>);

}  // namespace ttt
