// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/session.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "laws/cached_texts.hpp"
#include "storage/agrees.hpp"

namespace {

using namespace ttt;

/// A policy as a user writes it: what surprised little and was attended to little leaves first.
struct SurprisingOrRead {
  double reading = 4;  // nats that an attention of 1 is worth

  bool operator()(const Entry& a, const Entry& b) const {
    const auto worth = [&](const Entry& e) { return e.surprisal + reading * e.attended; };
    return worth(a) < worth(b);
  }
};

template <class Policy>
using Under =
    LanguageModel<laws::keeping, Repeat<2, Block<Attend<Window, Cache<6, Policy>>, SwiGlu>>>;

/// The positions that a model's caches hold in the end.
template <class Model, Storage M>
std::vector<Index> kept(const typename Model::template Params<Matrix<double>>& params,
                        const std::vector<Token>& tokens) {
  Session<Model, M> session(storage::moved<M>(params));
  session.read(tokens);
  std::vector<Index> positions;
  for (const Entry& entry : laws::cached_entries(session.state().memory)) {
    positions.push_back(entry.position);
  }
  return positions;
}

template <class Model>
void check_same_kept(const typename Model::template Params<Matrix<double>>& params) {
  Random random(3);
  const auto tokens = laws::drawn_tokens(9 * Model::spec.chunk, Model::spec.vocab, random);
  const auto expected = kept<Model, Matrix<double>>(params, tokens);
  CHECK(!expected.empty());
  CHECK(kept<Model, gpu::Matrix<double>>(params, tokens) == expected);
  CHECK(kept<Model, gpu::Matrix<float>>(params, tokens) ==
        kept<Model, Matrix<float>>(params, tokens));
}

TEST_SUITE("gpu") {
  TEST_CASE_TEMPLATE("a cache keeps the same tokens on a device, of equal ones too", Policy,
                     evict::LeastSurprising, evict::LeastAttendedOnAverage,
                     evict::LeastAttendedInTotal, evict::LeastRetained, evict::Random,
                     SurprisingOrRead) {
    using Model = Under<Policy>;
    check_same_kept<Model>(laws::lively_params<Model>(1));
    const auto alike = map_tree<Matrix<double>>(  // to this model all tokens are
        [](const Leaf& /*leaf*/, const Matrix<double>& array) -> Matrix<double> {
          return Matrix<double>::Zero(array.rows(), array.cols());
        },
        laws::lively_params<Model>(1));
    check_same_kept<Model>(alike);
  }
}

}  // namespace
