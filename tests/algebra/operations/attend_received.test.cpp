// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/attend_received.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>

#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;
using M = Matrix<double>;

/// The attention alone, of which derivatives are taken.
template <std::size_t Sources>
struct FirstOf {
  static constexpr OperationTraits traits{.inputs = 4 * static_cast<int>(Sources)};

  ReceivedAttention<Sources> both;

  template <Array A, class... Others>
  [[nodiscard]] A value(const A& first, const Others&... others) const {
    return both.value(first, others...)[0];
  }
  template <Array A, class... Ins>
  void pullback(const A& y, const A& dy, const Ins&... in) const {
    const A none{};
    std::array<const A*, 1 + Sources> results;
    results.fill(&none);
    auto cotangents = results;
    results[0] = &y;
    cotangents[0] = &dy;
    both.pullback(results, cotangents, in...);
  }
};

TEST_SUITE("algebra") {
  TEST_CASE("ReceivedAttention reports what each key received") {
    Random random(1);
    const M q = normal(6, 8, random);
    const M k = normal(4, 8, random);
    M bias = M::Constant(4, 1, -50);  // keys that get next to nothing
    bias(1, 0) = 50;                  // and one that gets nearly everything
    const ReceivedAttention<1> op{{2, 2}, {VisibleKeys::leading({0, 0, 2, 2, 4, 1})}};
    const M received = op.value(q, k, k, bias)[1];
    REQUIRE(received.rows() == 3);
    REQUIRE(received.cols() == 4);
    CHECK(received(0, 1) == doctest::Approx(3));  // queries 2, 3 and 4 see it
    CHECK(received(1, 1) == 5);                   // of which 4 is the last
    CHECK(received(0, 0) == doctest::Approx(1));  // query 5 sees nothing else,
    CHECK(received(1, 0) == 0);                   // and so gives no more than an equal share
    CHECK(received(0, 3) < 1e-9);
    CHECK(received(1, 3) == 0);
    CHECK(received(2, 0) == 1);  // the last query sees it alone
    CHECK(received.row(2).tail(3).isZero());
  }

  TEST_CASE("The attention of the last query is a mean over heads, in whatever tile it is") {
    Random random(5);
    for (const Index queries : {1, 64, 65, 150}) {
      CAPTURE(queries);
      const M q = normal(queries, 4, random);
      const M k = normal(queries, 4, random);
      const auto received = [&](Index from, Index count) {
        return ReceivedAttention<1>{
            {2, 2},
            {VisibleKeys{std::vector<Index>(static_cast<std::size_t>(count), 0),
                         std::vector<Index>(static_cast<std::size_t>(count), queries)}}}
            .value(M(q.middleRows(from, count)), k, k, M())[1];
      };
      CHECK(laws::disagreement(M(received(0, queries).row(2)),
                               M(received(queries - 1, 1).row(0))) <= laws::rounding);
    }
  }

  TEST_CASE("Of two sources, each is reported, or as it is said") {
    Random random(2);
    const M q = normal(70, 4, random);
    const M near = normal(70, 4, random);
    const M far = normal(3, 4, random);
    const M bias = M::Constant(3, 1, 60);
    const std::array visible{VisibleKeys::sliding(70, 70, 8),
                             VisibleKeys::leading(std::vector<Index>(70, 2))};
    ReceivedAttention<2> op{{2, 2}, visible};
    const auto y = op.value(q, near, near, M(), q, far, far, bias);
    CHECK(y[0] == JointAttention{{2, 2}, visible}.value(q, near, near, M(), q, far, far, bias));
    CHECK(y[2].row(0).sum() == doctest::Approx(70));
    CHECK(y[2](0, 2) == 0);
    CHECK(y[2].row(1).maxCoeff() == 70);
    CHECK(y[1].cols() == 70);
    CHECK(y[1].row(0).sum() + y[2].row(0).sum() == doctest::Approx(70));
    CHECK(y[1].row(2).sum() + y[2].row(2).sum() == doctest::Approx(1));
    CHECK(y[1].row(2).head(62).isZero());  // of which the last query sees nothing
    op.reported = {false, true};
    const auto fewer = op.value(q, near, near, M(), q, far, far, bias);
    CHECK(fewer[1].size() == 0);
    CHECK(fewer[2] == y[2]);
  }

  TEST_CASE("The attention of ReceivedAttention has its derivatives") {
    Random random(3);
    const M q = normal(5, 4, random);
    const M k = normal(7, 2, random);
    const VisibleKeys visible = VisibleKeys::leading({0, 1, 3, 7, 7});
    laws::check_operation(FirstOf<1>{{{2, 1}, {visible}}}, q, k, normal(7, 2, random),
                          normal(7, 1, random));
    laws::check_operation(FirstOf<2>{{{2, 1}, {VisibleKeys::sliding(5, 7, 3), visible}}}, q, k, k,
                          M(), q, k, k, normal(7, 1, random));
  }

  TEST_CASE("A tape over duals follows the activations of ReceivedAttention") {
    Random random(4);
    const M q = normal(5, 4, random);
    const M k = normal(7, 4, random);
    const M dq = normal(5, 4, random);
    const M dy = normal(5, 4, random);
    const ReceivedAttention<1> op{{2, 2}, {VisibleKeys::sliding(5, 7, 3)}};
    const auto pulled = [&]<class A>(Tape<A>& tape, const A& x, const A& keys, const A& cotangent) {
      M sink;
      const auto y =
          apply(op, tape.leaf(x, sink), tape.constant(keys), tape.constant(keys), Var<A>());
      tape.seed(y[0], A(cotangent));
      tape.pull_back();
      return sink;
    };
    Activations<M> activations;
    Tape<M> first(activations);
    static_cast<void>(pulled(first, q, k, dy));
    using D = Dual<M>;
    Tape<D> following(activations);
    Tape<D> computing;
    const M followed = pulled(following, D{q, dq}, D{k, {}}, D{dy, {}});
    CHECK(laws::disagreement(followed, pulled(computing, D{q, dq}, D{k, {}}, D{dy, {}})) <=
          laws::rounding);
  }
}

}  // namespace
