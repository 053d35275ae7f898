// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/safetensors.hpp>
#include <ttt/learn/adamw.hpp>
#include <ttt/learn/schedule.hpp>

#include <doctest/doctest.h>

#include <cmath>
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
    const AdamW adamw{.b1 = 0.9, .b2 = 0.95, .epsilon = 1e-8, .decay = 0.1, .clip = 1};

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
    AdamW{.decay = 0, .clip = 0}.step(params, {row(5, -7), row(0.1, 0)}, state, 0.5);
    CHECK((params.a - row(0.5, 2.5)).cwiseAbs().maxCoeff() < 1e-7);
    CHECK((params.b - row(2.5, 4)).cwiseAbs().maxCoeff() < 1e-7);
  }

  TEST_CASE("AdamW's decay shrinks by the rate times the decay, whatever the gradient") {
    Two<M> params{row(1, 2), row(3, 4)};
    State state;
    AdamW{.decay = 0.5}.step(params, {row(0, 0), row(0, 0)}, state, 0.1);
    CHECK((params.a - 0.95 * row(1, 2)).cwiseAbs().maxCoeff() < 1e-15);
    CHECK((params.b - 0.95 * row(3, 4)).cwiseAbs().maxCoeff() < 1e-15);
  }

  TEST_CASE("AdamW clips the norm of all tensors together, and only from the bound on") {
    const auto mean_after = [](double clip, double scale) {
      Two<M> params{row(1, 2), row(3, 4)};
      State state;
      AdamW{.clip = clip}.step(params, {row(3 * scale, 0), row(0, 4 * scale)}, state, 0.1);
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

  TEST_CASE("AdamW passes over tensors that the spec leaves out") {
    Two<M> params{row(1, 2), {}};
    State state;
    AdamW{}.step(params, {row(1, 1), {}}, state, 0.01);
    CHECK(params.a != row(1, 2));
    CHECK(params.b.size() == 0);
  }
}

}  // namespace
