// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/head_surprisal.hpp>
#include <ttt/algebra/operations/matmul.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;
using M = Matrix<double>;

/// The head's weights as they are stored.
M head(Flip flip, Index width, Index vocab, Random& random) {
  return flip == Flip::right ? normal(vocab, width, random) : normal(width, vocab, random);
}

TEST_SUITE("algebra") {
  TEST_CASE("head_surprisal is cross_entropy of the logits, whatever the tile") {
    for (const Flip flip : {Flip::none, Flip::right}) {
      Random random(1);
      const M x = normal(9, 6, random);
      const M w = head(flip, 6, 17, random);
      const auto targets = laws::drawn_tokens(9, 17, random);
      const M expected = cross_entropy(apply(MatMul{flip}, x, w), targets);
      for (const Index tile : {1, 17, 40, 1000}) {
        CAPTURE(tile);
        const M y = HeadSurprisal{targets, flip, tile}.value(x, w);
        CHECK(laws::disagreement(y, expected) < laws::rounding);
      }
    }
  }

  TEST_CASE("head_surprisal has its derivatives") {
    for (const Flip flip : {Flip::none, Flip::right}) {
      Random random(2);
      const auto targets = laws::drawn_tokens(7, 11, random);
      for (const Index tile : {23, 1000}) {
        laws::check_operation(HeadSurprisal{targets, flip, tile}, normal(7, 5, random),
                              head(flip, 5, 11, random));
      }
    }
  }

  TEST_CASE("head_surprisal refuses what does not fit") {
    Random random(3);
    const M x = normal(2, 3, random);
    const M w = normal(4, 3, random);
    const HeadSurprisal outside{{0, 4}};
    CHECK_THROWS_WITH_AS(outside.value(x, w), "head_surprisal: target must be in 0..3, got 4",
                         RangeError);
    const HeadSurprisal few{{0}};
    CHECK_THROWS_AS(few.value(x, w), ShapeError);
    const HeadSurprisal other{{0, 1}, Flip::none};
    CHECK_THROWS_AS(other.value(x, w), ShapeError);
  }
}

}  // namespace
