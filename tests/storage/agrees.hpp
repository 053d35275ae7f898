// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/adjoint.hpp>
#include <ttt/model/session.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "laws/texts.hpp"
#include "storage/tested.hpp"

namespace storage {

/// Agreement in double of sums that two storages take in another order, relative to the largest
/// entry.
constexpr double agreement = 1e-12;

/// A tree of the host in the storage M.
template <Storage M, template <class> class T>
T<M> moved(const T<Matrix<double>>& tree) {
  return map_tree<M>(
      [](const Leaf&, const Matrix<double>& array) { return laws::stored<M>(array); }, tree);
}

template <Storage M, template <class> class T>
void check_near(const T<M>& ours, const T<Matrix<double>>& expected) {
  int compared = 0;
  for_each_array(
      [&](const Leaf& leaf, const M& a, const Matrix<double>& b) {
        CAPTURE(leaf.name);
        REQUIRE(a.rows() == b.rows());
        if (is_zero(a)) return;
        CHECK(laws::disagreement(laws::fetched(a), b) < agreement);
        ++compared;
      },
      ours, expected);
  CHECK(compared > 0);
}

inline void check_near(const std::vector<double>& ours, const std::vector<double>& expected) {
  REQUIRE(ours.size() == expected.size());
  for (std::size_t n = 0; n < ours.size(); ++n) {
    CHECK(std::abs(ours[n] - expected[n]) <= agreement * (1 + std::abs(expected[n])));
  }
}

template <class Ours, class Theirs>
void check_gradients(const Ours& ours, const Theirs& expected) {
  check_near(ours.params, expected.params);
  check_near({ours.loss, ours.weighted, ours.auxiliary},
             {expected.loss, expected.weighted, expected.auxiliary});
  check_near(ours.surprisal, expected.surprisal);
  check_near(ours.inner_norm, expected.inner_norm);
}

/// What is read of a text, and what is learned from it, with weights on some of its targets.
struct Reading {
  std::vector<Token> tokens;
  std::vector<std::uint8_t> mask;
  std::vector<float> weights;

  Reading(Index time, Index vocab) {
    Random random(7);
    tokens = laws::drawn_tokens(time + 1, vocab, random);
    mask.assign(static_cast<std::size_t>(time), 1);
    mask[1] = 0;
    weights.assign(static_cast<std::size_t>(time), 0);
    weights.back() = 0.5F;
  }
  [[nodiscard]] Text text() const {
    return {.tokens = tokens, .loss_mask = mask, .loss_weight = weights};
  }
};

/// A model on the storage M has the gradient that it has on Matrix<double>, and its sessions the
/// surprisals, logits and memory; where it learns, the meta-gradient too.
template <class Model, Storage M = Tested<double>>
void check_model(const typename Model::template Params<Matrix<double>>& params,
                 const typename Model::Options& layers = {}) {
  using Host = Matrix<double>;
  const auto same = moved<M>(params);
  const Reading reading(5 * Model::spec.chunk, Model::spec.vocab);
  const Text text = reading.text();
  check_gradients(plain_gradient<Model, M>(same, text, layers),
                  plain_gradient<Model, Host>(params, text, layers));

  const InnerLoop<> inner{.optimiser = {.rate = 0.05, .max_norm = 3, .momentum = 0.5}};
  if constexpr (Model::traits.learns) {
    for (const Checkpointing checkpointing : {Checkpointing::stored, Checkpointing::recomputed}) {
      check_gradients(
          MetaLearner<Model, M>({.inner = inner, .checkpointing = checkpointing, .layers = layers})
              .gradient(same, text),
          MetaLearner<Model, Host>(
              {.inner = inner, .checkpointing = checkpointing, .layers = layers})
              .gradient(params, text));
    }
  }

  Session<Model, M> ours(same, {.inner = inner, .layers = layers});
  Session<Model, Host> theirs(params, {.inner = inner, .layers = layers});
  std::span rest(reading.tokens);
  for (const std::size_t count : {std::size_t{1}, std::size_t{6}, rest.size() - 7}) {
    check_near(ours.read(rest.first(count)), theirs.read(rest.first(count)));
    check_near(ours.state().memory, theirs.state().memory);
    CHECK(laws::disagreement(laws::fetched(ours.logits()), theirs.logits()) < agreement);
    REQUIRE(ours.state().fast.size() == theirs.state().fast.size());
    for (std::size_t n = 0; n < theirs.state().fast.size(); ++n) {
      CHECK(laws::disagreement(laws::fetched(ours.state().fast[n]), theirs.state().fast[n]) <
            agreement);
    }
    rest = rest.subspan(count);
  }
}

}  // namespace storage
