// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/safetensors.hpp>
#include <ttt/learn/adamw.hpp>
#include <ttt/learn/schedule.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

namespace {

using namespace ttt;

using M = Matrix<double>;

template <class A>
struct Two {
  A a, b;

  static void visit(auto&& on, auto&... trees) {
    on("a", trees.a...);
    on("b", trees.b...);
  }
};
using State = AdamW::State<Two<M>>;

template <class A>
struct Undecayed : Two<A> {
  static constexpr bool undecayed = true;
};
template <class A>
struct Both {
  Two<A> decayed;
  Undecayed<A> kept;

  static void visit(auto&& on, auto&... trees) {
    on("decayed", trees.decayed...);
    on("kept", trees.kept...);
  }
};

M row(double first, double second) {
  M m(1, 2);
  m << first, second;
  return m;
}

/// Parameters or gradients of a step as the file has them.
Two<M> arrays(const file::Archive& archive, const std::string& kind, Index step) {
  const std::string name = kind + '.' + std::to_string(step) + '.';
  return {archive.matrix<double>(name + 'a'), archive.matrix<double>(name + 'b')};
}

TEST_SUITE("learn") {
  TEST_CASE("AdamW under WarmupCosine agrees with the optimiser of the original implementation") {
    const auto archive = file::read(TTT_TEST_DATA "/ttt_e2e/adamw.safetensors");
    const WarmupCosine schedule{.peak = 0.02, .end = 0.001, .warmup = 4, .steps = 12};
    const AdamW adamw{
        .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .weight_decay = 0.1, .max_norm = 1};

    Two<M> params = arrays(archive, "param", 0);
    State state;
    for (Index step = 0; step < 8; ++step) {
      adamw.step(params, arrays(archive, "grad", step), state, schedule.rate(step));
      const Two<M> theirs = arrays(archive, "param", step + 1);
      CAPTURE(step);
      CHECK((params.a - theirs.a).cwiseAbs().maxCoeff() < 1e-8);
      CHECK((params.b - theirs.b).cwiseAbs().maxCoeff() < 1e-8);
    }
    CHECK(state.steps == 8);
  }

  TEST_CASE("AdamW's first step goes by the rate along the sign of each entry") {
    Two<M> params{row(1, 2), row(3, 4)};
    State state;
    AdamW{.weight_decay = 0, .max_norm = 0}.step(params, {row(5, -7), row(0.1, 0)}, state, 0.5);
    CHECK((params.a - row(0.5, 2.5)).cwiseAbs().maxCoeff() < 1e-7);
    CHECK((params.b - row(2.5, 4)).cwiseAbs().maxCoeff() < 1e-7);
  }

  TEST_CASE("AdamW's decay shrinks by the rate times the decay, whatever the gradient") {
    Two<M> params{row(1, 2), row(3, 4)};
    State state;
    AdamW{.weight_decay = 0.5}.step(params, {row(0, 0), row(0, 0)}, state, 0.1);
    CHECK((params.a - 0.95 * row(1, 2)).cwiseAbs().maxCoeff() < 1e-15);
    CHECK((params.b - 0.95 * row(3, 4)).cwiseAbs().maxCoeff() < 1e-15);
  }

  TEST_CASE("AdamW does not decay what is marked as undecayed, and counts it in the norm") {
    const Two<M> start{row(1, 2), row(3, 4)};
    const Two<M> gradient{row(30, 0), row(0, 40)};
    Both<M> params{start, {start}};
    AdamW::State<Both<M>> state;
    const AdamW adamw{.weight_decay = 0.5};
    for (Index step = 0; step < 3; ++step) adamw.step(params, {gradient, {gradient}}, state, 0.1);

    // The norm of both together is that of either times the root of two.
    const auto alone = [&](double weight_decay) {
      Two<M> other = start;
      State own;
      const AdamW half{.weight_decay = weight_decay, .max_norm = std::sqrt(0.5)};
      for (Index step = 0; step < 3; ++step) half.step(other, gradient, own, 0.1);
      return other;
    };
    CHECK((params.decayed.a - alone(0.5).a).cwiseAbs().maxCoeff() < 1e-14);
    CHECK((params.decayed.b - alone(0.5).b).cwiseAbs().maxCoeff() < 1e-14);
    CHECK((params.kept.a - alone(0).a).cwiseAbs().maxCoeff() < 1e-14);
    CHECK((params.kept.b - alone(0).b).cwiseAbs().maxCoeff() < 1e-14);
  }

  TEST_CASE("AdamW clips the norm of all tensors together, and only from the bound on") {
    const auto mean_after = [](double most, double scale) {
      Two<M> params{row(1, 2), row(3, 4)};
      State state;
      AdamW{.max_norm = most}.step(params, {row(3 * scale, 0), row(0, 4 * scale)}, state, 0.1);
      return state.mean;
    };
    const Two<M> clipped = mean_after(1, 10);  // a norm of 50
    CHECK((clipped.a - 0.1 * row(0.6, 0)).cwiseAbs().maxCoeff() < 1e-15);
    CHECK((clipped.b - 0.1 * row(0, 0.8)).cwiseAbs().maxCoeff() < 1e-15);
    CHECK((mean_after(5.001, 1).a - 0.1 * row(3, 0)).cwiseAbs().maxCoeff() < 1e-15);
    CHECK((mean_after(0, 10).a - 0.1 * row(30, 0)).cwiseAbs().maxCoeff() < 1e-14);
  }

  TEST_CASE("A frozen tensor keeps its bits, has no state and does not count in the norm") {
    const Two<M> start{row(0.1, 0.2), row(0.3, 0.4)};
    Two<M> params = start;
    Two<M> other = start;
    State state;
    State alone;
    const AdamW adamw{.frozen = {"a"}};
    for (Index step = 0; step < 5; ++step) {
      adamw.step(params, {row(1e6, -1e6), row(0.3, 0.1)}, state, 0.01);
      AdamW{}.step(other, {row(0, 0), row(0.3, 0.1)}, alone, 0.01);
    }
    CHECK(params.a == start.a);
    CHECK(params.b == other.b);
    CHECK(params.b != start.b);
    CHECK(state.mean.a.size() == 0);
    CHECK(state.square.a.size() == 0);
  }

  TEST_CASE("AdamW refuses a step that would not be finite, and changes nothing") {
    const auto refused = [](auto none, double rate, double gradient, const std::string& message) {
      using F = decltype(none);
      const auto pair = [](double first, double second) {
        F m(1, 2);
        m << static_cast<Scalar<F>>(first), static_cast<Scalar<F>>(second);
        return m;
      };
      for (const Index before : {0, 2}) {
        Two<F> params{pair(1, 2), pair(3, 4)};
        AdamW::State<Two<F>> moments;
        const AdamW adamw{.max_norm = 0};
        for (Index n = 0; n < before; ++n) {
          adamw.step(params, {pair(1, -1), pair(0.5, 2)}, moments, 0.01);
        }
        const Two<F> start = params;
        const AdamW::State<Two<F>> known = moments;
        CHECK_THROWS_WITH_AS(adamw.step(params, {pair(1, -1), pair(1, gradient)}, moments, rate),
                             ("AdamW: step " + std::to_string(before) + message).c_str(),
                             NumberError);
        CHECK(moments.steps == known.steps);
        for_each_array([](const Leaf&, const F& a, const F& b) { CHECK(a == b); }, params, start);
        for_each_array([](const Leaf&, const F& a, const F& b) { CHECK(a == b); }, moments.mean,
                       known.mean);
        for_each_array([](const Leaf&, const F& a, const F& b) { CHECK(a == b); }, moments.square,
                       known.square);
      }
    };
    refused(Matrix<float>{}, 1e39, 1, ": a would not be finite");      // infinite as a float
    refused(Matrix<double>{}, 1.7e308, 1, ": a would not be finite");  // a step of 1.1 rates
    refused(M{}, std::numeric_limits<double>::quiet_NaN(), 1, ": a would not be finite");
    refused(M{}, std::numeric_limits<double>::infinity(), 1, ": a would not be finite");
    refused(Matrix<float>{}, 0.01, 1e20, ": b would not be finite");  // its square is infinite
    refused(M{}, 0.01, std::numeric_limits<double>::quiet_NaN(), ": b would not be finite");
  }

  TEST_CASE("AdamW passes over tensors that the spec leaves out") {
    Two<M> params{row(1, 2), {}};
    State state;
    AdamW{}.step(params, {row(1, 1), {}}, state, 0.01);
    CHECK(params.a != row(1, 2));
    CHECK(params.b.size() == 0);
  }
}

}  // namespace
