// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

using namespace ttt;

/// Mixes each token with the one before it. The first token of a text follows itself.
///
///   y_t = x_t W_1 + x_{t-1} W_2
struct Shift {
  static constexpr LayerTraits traits{};  // no fast weights, and reads may end anywhere
  using Extras = NoExtras;                // no run-time options and no side output

  PartNames names{"shift_norm", "shift", "shift_post_norm"};

  template <class A>
  struct Params {
    A w1, w2;  ///< [width, width] each

    static void visit(auto&& on, auto&... trees) {
      on("w1.weight", trees.w1...);
      on("w2.weight", trees.w2...);
    }
  };
  template <class A>
  struct State {
    A last;  ///< [1, width], or without rows before the first token

    static void visit(auto&& on, auto&... trees) { on("last", trees.last...); }
  };

  Params<TensorSpec> tensors(const ModelSpec& spec) const {
    const TensorSpec square = matrix_spec(spec.init, spec.width, spec.width);
    return {.w1 = square, .w2 = square};
  }

  template <class M>
  void validate(const State<M>& state, Index position, const ModelSpec& spec) const {
    if (position == 0) return expect_shape("Shift", "last", state.last, {0, any_extent});
    expect_shape("Shift", "last", state.last, {1, spec.width});
  }

  template <class P, class X, class C>
  X read(const Params<P>& params, State<X>& state, const X& x, const C& /*context*/) const {
    const Index time = row_count(x);
    if (row_count(state.last) == 0) state.last = take_rows(x, 0, 1);
    const X run = append_rows(state.last, x);  // [1 + time, width]
    state.last = take_rows(run, time, 1);
    return add(matmul(x, params.w1), matmul(take_rows(run, 0, time), params.w2));
  }
};

static_assert(Layer<Shift> && Layer<Fast<Shift>>);

inline constexpr ModelSpec spec =
    checked({.vocab = 16, .width = 8, .heads = 2, .hidden = 8, .window = 8, .chunk = 4});
using Model = LanguageModel<spec, Repeat<1, Block<Shift, SwiGlu>>,
                            Repeat<1, Block<Attend<Window>, Fast<Shift>, SwiGlu>>>;
