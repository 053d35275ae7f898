// SPDX-License-Identifier: Apache-2.0
#include "laws/meta_gradient.hpp"
#include "laws/session.hpp"

namespace {

using namespace ttt;
using laws::Small;

/// Both score the same text: the session also the first token, which nothing predicted.
void check_same(const std::vector<double>& session, const std::vector<double>& learner) {
  REQUIRE(session.size() == learner.size() + 1);
  for (std::size_t t = 0; t < learner.size(); ++t) {
    CAPTURE(t);
    CHECK(session[t + 1] == doctest::Approx(learner[t]).epsilon(1e-11));
  }
}

TEST_SUITE("model") {
  TEST_CASE("A session that learns is surprised as in meta-training") {
    const auto params = laws::lively_params<Small>(1);
    const auto tokens = laws::text<Small>(8, 1);
    for (const double momentum : {0.0, 0.5}) {
      const InnerLoop<> inner{.optimiser = {.rate = 0.1, .max_norm = 5, .momentum = momentum}};
      Session<Small, Matrix<double>> session(params, {.inner = inner});
      check_same(session.read(tokens), MetaLearner<Small, Matrix<double>>({.inner = inner})
                                           .gradient(params, {.tokens = tokens})
                                           .surprisal);
    }
  }

  TEST_CASE("A session that does not learn is surprised as in ordinary training") {
    const auto params = laws::lively_params<Small>(2);
    const auto tokens = laws::text<Small>(8, 2);
    Session<Small, Matrix<double>> session(params, {.learning = Learning::off});
    check_same(session.read(tokens),
               plain_gradient<Small, Matrix<double>>(params, {.tokens = tokens}).surprisal);
  }

  TEST_CASE("Reading in any parts is reading whole, with momentum and without learning") {
    laws::check_session_streaming<Small, double>(
        {.inner = {.optimiser = {.rate = 0.1, .max_norm = 0.5, .momentum = 0.5}}}, 20);
    laws::check_session_streaming<Small, double>({.learning = Learning::off}, 10);
  }
}

}  // namespace
