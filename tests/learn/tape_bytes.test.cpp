// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/tape.hpp>
#include <ttt/model/lift.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "laws/texts.hpp"

namespace {

using namespace ttt;
using laws::Other;
using laws::Small;

using M = Matrix<double>;
using D = Dual<M>;

constexpr NoOptions none;

/// Elements of the results that a tape stores of one chunk, part by part. Every term has the chunk
/// or the window as a factor, none has both: a chunk's tape grows with their sum.
struct Elements {
  ModelSpec spec;
  Index past;  ///< tokens in the window before the chunk

  [[nodiscard]] constexpr Index rows() const { return spec.chunk * spec.width; }
  [[nodiscard]] constexpr Index keys() const { return (past + spec.chunk) * spec.width; }
  [[nodiscard]] constexpr Index post_norm() const { return spec.norms == Norms::around ? 1 : 0; }

  /// What a window stores of the tokens so far. Where old rows leave, it copies the others, and
  /// nothing needs the keys before they are turned any more.
  [[nodiscard]] constexpr bool lets_go() const {
    return past + spec.chunk >= spec.window + spec.chunk;
  }
  [[nodiscard]] constexpr Index kept() const {
    return lets_go() ? spec.window * spec.width : keys();
  }

  /// The norm, queries, keys and values, their norms, turned queries, answers, projected answers,
  /// their norm and the sum; keys, turned keys and values with those before.
  [[nodiscard]] constexpr Index attend() const {
    const Index norms = spec.query_key_norm == QueryKeyNorm::rms ? 2 : 0;
    return (8 + norms + post_norm()) * rows() + (lets_go() ? 2 * (keys() + kept()) : 3 * keys());
  }
  /// The norm, the result, its norm and the sum; the gate, what it lets through, and the product.
  [[nodiscard]] constexpr Index swiglu() const {
    return (3 + post_norm()) * rows() + 3 * spec.chunk * spec.hidden;
  }
  /// The norm, the logits and the surprisals.
  [[nodiscard]] constexpr Index head() const { return rows() + spec.chunk * (spec.vocab + 1); }

  [[nodiscard]] constexpr Index learner() const { return attend() + 2 * swiglu(); }

  /// Of the learning step: nothing is recorded before the first fast weights.
  [[nodiscard]] constexpr Index learning(Index blocks) const {
    return blocks * learner() + head() - attend() + 2 * kept();
  }
  /// Of the meta-gradient: everything, and tangents from the first fast weights on.
  [[nodiscard]] constexpr Index adjoint(Index blocks) const {
    return 2 * (blocks * learner() + head()) - attend() - rows();
  }
};

template <class Model>
struct Chunk {
  typename Model::template Params<M> params = laws::lively_params<Model>(1);
  mutable RotaryTables<M> rotary;
  typename Model::template State<M> memory;
  M rows;
  std::vector<Token> targets;

  explicit Chunk(Index past) {
    Random random(2);
    for_each_array(
        [&](const Leaf&, M& array) { array = laws::normal(past, Model::spec.width, random); },
        memory);
    rows = laws::normal(Model::spec.chunk, Model::spec.width, random);
    targets = laws::drawn_tokens(Model::spec.chunk, Model::spec.vocab, random);
  }

  template <class P, class State, class X>
  auto surprisal(const P& lifted, State& state, const X& x) const {
    const typename Model::template ContextOf<X> context{
        .spec = Model::spec, .rotary = rotary, .options = none};
    const std::size_t border = Model::border(FastSelection{});
    return cross_entropy(Model::logits(lifted, Model::suffix(lifted, state, x, context, border)),
                         targets);
  }
};

template <class Model>
Index learning_bytes(Index past) {
  const Chunk<Model> chunk(past);
  FastWeights<M> fast = fast_weights(chunk.params);
  FastWeights<M> sinks(fast.size());
  Tape<M> tape;
  auto lifted = constants(tape, chunk.params);
  replace_fast(lifted, FastSelection{},
               [&](std::size_t n) { return tape.leaf(fast[n], sinks[n]); });
  auto state = constants(tape, chunk.memory);
  const auto y = chunk.surprisal(lifted, state, tape.constant(chunk.rows));
  tape.seed(y, M::Ones(Model::spec.chunk, 1));
  tape.pull_back();
  return tape.peak_bytes();
}

template <class Model>
Index adjoint_bytes(Index past) {
  const Chunk<Model> chunk(past);
  auto params = without_tangent(chunk.params);
  for_each_array(
      [](const Leaf& leaf, D& array) {
        if (leaf.fast) array.tangent = array.value;
      },
      params);
  const auto memory = without_tangent(chunk.memory);
  const D rows{chunk.rows, {}};
  typename Model::template Params<M> sinks;
  typename Model::template State<M> memory_sinks;
  M rows_sink;
  Tape<D> tape;
  const auto lifted = leaves(tape, params, sinks);
  auto state = leaves(tape, memory, memory_sinks);
  const auto y = chunk.surprisal(lifted, state, tape.leaf(rows, rows_sink));
  tape.seed(y, {M::Ones(Model::spec.chunk, 1), M::Ones(Model::spec.chunk, 1)});
  tape.pull_back();
  return tape.peak_bytes();
}

TEST_SUITE("learn") {
  TEST_CASE("The spec says how many bytes the tape of a chunk stores") {
    constexpr auto bytes = static_cast<Index>(sizeof(double));
    for (const Index past : {Index{0}, Index{3}, laws::small.window, laws::small.window + 2}) {
      CAPTURE(past);
      const Elements elements{laws::small, past};
      CHECK(learning_bytes<Small>(past) == bytes * elements.learning(2));
      CHECK(adjoint_bytes<Small>(past) == bytes * elements.adjoint(2));
    }
    for (const Index past : {Index{0}, laws::other.window}) {
      CAPTURE(past);
      const Elements elements{laws::other, past};
      CHECK(learning_bytes<Other>(past) == bytes * elements.learning(1));
      CHECK(adjoint_bytes<Other>(past) == bytes * elements.adjoint(1));
    }
  }

  TEST_CASE("A chunk's tape grows in a line with the chunk, whatever the window") {
    const auto elements = [](Index window, Index chunk) {
      ModelSpec spec = laws::small;
      spec.window = window;
      spec.chunk = chunk;
      return Elements{spec, window}.adjoint(2);
    };
    CHECK(elements(64, 32) - elements(64, 16) == elements(64, 16) - elements(64, 0));
    CHECK(elements(999, 32) - elements(999, 16) == elements(64, 32) - elements(64, 16));
  }
}

}  // namespace
