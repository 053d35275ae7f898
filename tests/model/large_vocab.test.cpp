// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/adjoint.hpp>
#include <ttt/model/session.hpp>

#include <doctest/doctest.h>

#include <span>

#include "laws/texts.hpp"

namespace {

using namespace ttt;

/// So many words that a chunk's logits are not stored.
inline constexpr ModelSpec large =
    checked({.vocab = 8200, .width = 8, .heads = 2, .hidden = 6, .window = 7, .chunk = 5});
using Model = LanguageModel<large, Repeat<1, laws::Reader>, Repeat<1, laws::Learner>>;

TEST_SUITE("model") {
  TEST_CASE("with a large vocabulary chunks are scored as single tokens are") {
    const auto params = laws::lively_params<Model>(1);
    Random random(2);
    const auto tokens = laws::drawn_tokens(3 * large.chunk + 1, large.vocab, random);
    Session<Model, Matrix<double>> by_chunk(params);
    Session<Model, Matrix<double>> by_token(params);
    const auto expected = by_chunk.read(tokens);
    for (std::size_t n = 0; n < tokens.size(); ++n) {
      CAPTURE(n);
      const auto own = by_token.read(std::span(tokens).subspan(n, 1));
      CHECK(own.front() == doctest::Approx(expected[n]).epsilon(1e-10));
    }
    CHECK(laws::disagreement(by_token.logits(), by_chunk.logits()) < 1e-10);

    // A text's loss is the mean of what a reader without learning is surprised by.
    Session<Model, Matrix<double>> frozen(params, {.learning = Learning::off});
    const auto surprisal = frozen.read(tokens);
    double sum = 0;
    for (std::size_t n = 1; n < surprisal.size(); ++n) sum += surprisal[n];
    const auto gradient = plain_gradient<Model, Matrix<double>>(params, {.tokens = tokens});
    CHECK(gradient.loss ==
          doctest::Approx(sum / static_cast<double>(tokens.size() - 1)).epsilon(1e-10));
  }
}

}  // namespace
