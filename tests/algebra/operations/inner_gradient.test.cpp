// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/cotangent.hpp>
#include <ttt/algebra/operations/activations.hpp>
#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/add_row.hpp>
#include <ttt/algebra/operations/layer_norm.hpp>
#include <ttt/algebra/operations/reconstruction_gradient.hpp>
#include <ttt/algebra/operations/step_shares.hpp>

#include <doctest/doctest.h>

#include "laws/gradient.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::disagreement;
using laws::normal;
using M = Matrix<double>;

/// The same cotangent by the operation's own pullback.
template <class Op, class... Ms>
auto pulled(const Op& op, const M& dy, const Ms&... in) {
  std::array<M, sizeof...(Ms)> sums;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    op.pullback(op.value(in...), dy, Input<M>(&in, {in.rows(), in.cols()}, {.sum = &sums[I]})...);
  }
  (std::index_sequence_for<Ms...>());
  return sums;
}

TEST_SUITE("algebra") {
  TEST_CASE(
      "The pullback of an elementwise operation is an operation with derivatives of its own") {
    Random random(1);
    for (const Index width : {1, 17}) {
      CAPTURE(width);
      const M dy = normal(2, width, random);
      const M a = normal(2, width, random);
      const M b = normal(2, width, random);
      CHECK(pull_elements(Gelu{}, dy, a) == pulled(Gelu{}, dy, a)[0]);
      const auto both = pull_elements(SiluGate{}, dy, a, b);
      CHECK(both == pulled(SiluGate{}, dy, a, b));
      laws::check_operation(GeluCotangent{}, dy, a);
      laws::check_operation(ElementwiseCotangent<1, detail::SiluOf>{}, dy, a);
      laws::check_operation(SiluGateCotangent{}, dy, a, b);
      laws::check_operation(ElementwiseCotangent<1, detail::ClampOf>{{.least = -1, .most = 1}}, dy,
                            a);
    }
    CHECK_THROWS_WITH_AS(static_cast<void>(pull_elements(Gelu{}, M(2, 3), M(3, 2))),
                         "gelu: a must be [2, 3], got [3, 2]", ShapeError);
  }

  TEST_CASE("reconstruction_gradient is the gradient of how far the answers are from the values") {
    Random random(2);
    const M z = normal(3, 2 * 5, random);
    const M k = normal(3, 2 * 5, random);
    const M v = normal(3, 2 * 5, random);
    const M w = normal(1, 2 * 5, random);
    const M b = normal(1, 2 * 5, random);
    const auto loss = [&](const M& moved) {
      double sum = 0;
      for (const Index h : {0, 1}) {
        const auto head = [&](const M& all) { return M(all.middleCols(h * 5, 5)); };
        const M answer = layer_norm(head(moved), head(w), head(b), 1e-6);
        sum += (answer + head(k) - head(v)).squaredNorm() / 2;
      }
      return sum;
    };
    const M y = reconstruction_gradient(z, k, v, w, b, 2);
    const M direction = normal(3, 2 * 5, random);
    CHECK(y.cwiseProduct(direction).sum() ==
          doctest::Approx(laws::slope([&](double by) { return loss(M(z + by * direction)); }, 1e-5))
              .epsilon(1e-8));
  }

  TEST_CASE("reconstruction_gradient has its derivatives") {
    Random random(3);
    for (const Index head : {2, 17}) {
      CAPTURE(head);
      const Index width = 2 * head;
      const auto rows = [&] { return normal(3, width, random); };
      const auto row = [&] { return normal(1, width, random); };
      const M z = rows(), k = rows(), v = rows(), w = row(), b = row();
      laws::check_operation(ReconstructionGradient{.heads = 2, .epsilon = 0.1}, z, k, v, w, b);
    }
  }

  TEST_CASE("reconstruction_gradient is zero where every answer is its value") {
    Random random(4);
    const M z = normal(3, 4, random);
    const M v = normal(3, 4, random);
    CHECK(reconstruction_gradient(z, v, v, M(M::Zero(1, 4)), M(M::Zero(1, 4)), 2).isZero(0));
  }

  TEST_CASE("step_shares makes a sum a running mean, and no share is negative") {
    M d(3, 1);
    d << 0, -0.8, 0.25;
    const M y = step_shares(d, 1);
    CHECK(y(0, 0) == 0.5);
    CHECK(y(1, 0) == 0);
    CHECK(y(2, 0) == 0.5);
    laws::check_operation(StepShares{.first = 1}, d);
  }

  TEST_CASE("sum_rows adds all rows") {
    Random random(5);
    const M x = normal(3, 17, random);
    CHECK(disagreement(sum_rows(x), M(x.colwise().sum())) < laws::rounding);
    laws::check_operation(SumRows{}, x);
  }
}

}  // namespace
