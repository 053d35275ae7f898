// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/lift.hpp>

#include <doctest/doctest.h>

#include <utility>

#include "laws/causal.hpp"
#include "laws/gradient.hpp"
#include "laws/texts.hpp"

namespace laws {

/// A layer, or a block of layers, of a spec, with parameters and a state to begin with.
template <class L, ModelSpec Spec, class S = double>
struct Subject {
  using M = Matrix<S>;
  using Params = typename L::template Params<M>;
  template <class X>
  using State = typename L::template State<X>;

  Params params;
  typename L::Extras::Options options{};

  explicit Subject(std::uint64_t seed) {
    Random random(seed);
    params = map_tree<M>(
        [&](const Leaf&, const TensorSpec& tensor) -> M {
          return normal<S>(tensor.rows, tensor.cols, random, 0.6);
        },
        L{}.tensors(Spec));
  }

  /// Reads rows in any algebra, `position` tokens into a text.
  template <class P, class X>
  X read(const P& lifted, State<X>& state, const X& x, Index position) const {
    RotaryTables<M> rotary;
    const detail::ContextOf<L, X> context{
        .spec = Spec, .rotary = rotary, .position = position, .options = options};
    return L{}.read(lifted, state, x, context);
  }

  M read(State<M>& state, const M& x, Index position) const {
    return read(params, state, x, position);
  }
};

/// \law causal
template <class L, ModelSpec Spec, class S>
void check_layer_causal() {
  const Subject<L, Spec, S> subject(1);
  Random random(2);
  const auto past = normal<S>(Spec.window, Spec.width, random);
  check_causal(
      [&](const Matrix<S>& x) {
        typename L::template State<Matrix<S>> state;
        static_cast<void>(subject.read(state, past, 0));
        return subject.read(state, x, Spec.window);
      },
      normal<S>(Spec.chunk, Spec.width, random));
}

/// \law streaming
template <class L, ModelSpec Spec>
void check_layer_streaming() {
  const Subject<L, Spec> subject(3);
  Random random(4);
  const Index time = 2 * Spec.chunk + Spec.window;
  const auto x = normal(time, Spec.width, random);
  typename L::template State<Matrix<double>> state;
  const auto whole = subject.read(state, x, 0);
  for (int cut = 0; cut < 20; ++cut) {
    typename L::template State<Matrix<double>> memory;
    for (Index first = 0; first < time;) {
      const Index count = std::min(time - first, 1 + random.below(Spec.chunk));
      const auto part = subject.read(memory, Matrix<double>(x.middleRows(first, count)), first);
      L{}.validate(memory, first + count, Spec);
      CAPTURE(first);
      CAPTURE(count);
      CHECK(disagreement(part, Matrix<double>(whole.middleRows(first, count))) < 1e-12);
      first += count;
    }
  }
}

/// The pullback of two reads, one after the other, equals the difference quotient for every
/// parameter and for the input.
template <class L, ModelSpec Spec>
void check_layer_gradient() {
  using M = Matrix<double>;
  Subject<L, Spec> subject(5);
  Random random(6);
  const auto x = normal(Spec.chunk, Spec.width, random);
  const auto more = normal(Spec.chunk, Spec.width, random);
  const auto c = normal(Spec.chunk, Spec.width, random);
  const auto loss = [&](const auto& params, const M& first, const M& second) {
    Subject<L, Spec> moved = subject;
    moved.params = params;
    typename L::template State<M> state;
    const M y = moved.read(state, first, 0);
    const M z = moved.read(state, second, Spec.chunk);
    return y.cwiseProduct(c).sum() + z.cwiseProduct(c).sum() / 2;
  };

  typename Subject<L, Spec>::Params gradient;
  M first_sink;
  M second_sink;
  Tape<M> tape;
  const auto lifted = leaves(tape, subject.params, gradient);
  const typename L::template State<M> nothing;
  auto state = constants(tape, nothing);
  const auto y = subject.read(lifted, state, tape.leaf(x, first_sink), 0);
  const auto z = subject.read(lifted, state, tape.leaf(more, second_sink), Spec.chunk);
  tape.seed(y, M(c));
  tape.seed(z, M(c / 2));
  tape.pull_back();

  for_each_array(
      [](const Leaf&, M& g, const M& like) {
        if (like.size() == 0) g = like;
      },
      gradient, subject.params);
  check_gradient(subject.params, gradient,
                 [&](const auto& params) { return loss(params, x, more); });
  for (const auto& [sink, first_moves] : {std::pair{&first_sink, true}, {&second_sink, false}}) {
    const auto direction = normal(Spec.chunk, Spec.width, random);
    const double expected = slope(
        [&](double by) {
          return loss(subject.params, M(x + (first_moves ? by : 0) * direction),
                      M(more + (first_moves ? 0 : by) * direction));
        },
        1e-5);
    CAPTURE(first_moves);
    CHECK(sink->cwiseProduct(direction).sum() ==
          doctest::Approx(expected).epsilon(gradient_tolerance));
  }
}

/// Everything a layer promises.
template <class L, ModelSpec Spec>
void check_layer() {
  check_layer_causal<L, Spec, double>();
  check_layer_causal<L, Spec, float>();
  check_layer_streaming<L, Spec>();
  check_layer_gradient<L, Spec>();
}

}  // namespace laws
