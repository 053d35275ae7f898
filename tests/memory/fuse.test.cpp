// SPDX-License-Identifier: Apache-2.0
#include "laws/fuse.hpp"

#include <ttt/algebra/tape.hpp>
#include <ttt/layer/attend.hpp>
#include <ttt/memory/cached_window.hpp>
#include <ttt/model/initialise.hpp>

#include <array>
#include <cmath>
#include <vector>

#include "laws/texts.hpp"

namespace {

using namespace ttt;

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE("every Fuse answers as the window where nothing cached is seen", F,
                     fuse::OneSoftmax, fuse::Gated) {
    laws::check_fuse<F, double>();
    laws::check_fuse<F, float>();
  }

  TEST_CASE("OneSoftmax gives the values of window and cache shares of one whole") {
    laws::DrawnInputs<double> drawn({5, 5}, 5, false, 2);
    drawn.window_v.setOnes();
    drawn.cache_v.setOnes();
    const Matrix<double> y = fuse::OneSoftmax{}(drawn.inputs(), drawn.gate).rows;
    CHECK(laws::disagreement(y, Matrix<double>(Matrix<double>::Ones(2, 6))) < 1e-14);
  }

  TEST_CASE("Gated adds what the cache answers, as far as the gate is open") {
    laws::DrawnInputs<double> drawn({0, 5}, 5, true, 3);
    drawn.window_v.setOnes();
    drawn.cache_v.setConstant(8);
    const auto answer = [&](double gate) {
      drawn.gate(0, 0) = gate;
      return fuse::Gated{}(drawn.inputs(), drawn.gate).rows;
    };
    for (const double gate : {-3.0, 0.0, 1.5}) {
      const Matrix<double> y = answer(gate);
      for (Index c = 0; c < 6; ++c) {
        CHECK(y(0, c) == doctest::Approx(1));
        CHECK(y(1, c) == doctest::Approx(1 + 8 / (1 + std::exp(-gate))));
      }
    }
    CHECK(answer(-1000) == drawn.inputs().window_alone().rows);
  }

  TEST_CASE_TEMPLATE("a tape stores nothing of [queries, keys] for a Fuse", F, fuse::OneSoftmax,
                     fuse::Gated) {
    using M = Matrix<double>;
    const std::vector<Index> seen(40, 300);
    laws::DrawnInputs<double> drawn(seen, 300, F::gated, 5);
    std::array<M, 8> sinks;
    Tape<M> tape;
    const auto window_q = tape.leaf(drawn.window_q, sinks[0]);
    const auto window_k = tape.leaf(drawn.window_k, sinks[1]);
    const auto window_v = tape.leaf(drawn.window_v, sinks[2]);
    const auto cache_q = tape.leaf(drawn.cache_q, sinks[3]);
    const auto cache_k = tape.leaf(drawn.cache_k, sinks[4]);
    const auto cache_v = tape.leaf(drawn.cache_v, sinks[5]);
    const auto bias = tape.leaf(drawn.bias, sinks[6]);
    const auto gate = tape.leaf(drawn.gate, sinks[7]);
    const auto y = F{}(AttentionInputs<Var<M>>{.window_q = window_q,
                                               .window_k = window_k,
                                               .window_v = window_v,
                                               .cache_q = cache_q,
                                               .cache_k = cache_k,
                                               .cache_v = cache_v,
                                               .bias = bias,
                                               .heads = {.heads = 2, .kv_heads = 2},
                                               .window_visible = drawn.window_visible,
                                               .cache_visible = drawn.cache_visible},
                       gate)
                       .rows;
    CHECK(y.value() == F{}(drawn.inputs(), drawn.gate).rows);
    CHECK(tape.peak_bytes() <= 8 * (4 * drawn.window_q.size() + 1 + 3 * 300));
  }

  TEST_CASE("a layer has a gate where its memory is gated, and it starts nearly closed") {
    using Gated = Attend<Window, Cache<4, fuse::Gated>>;
    CHECK(Gated{}.tensors(laws::small).gate.rows == 1);
    CHECK(Attend<Window, Cache<4>>{}.tensors(laws::small).gate.rows == 0);
    CHECK(Attend<Window>{}.tensors(laws::small).gate.rows == 0);
    Random random(4);
    const Random before = random;
    const auto gate = initialise<Matrix<double>>(Gated{}.tensors(laws::small).gate, random);
    CHECK(random == before);
    CHECK(sigmoid(gate)(0, 0) == doctest::Approx(0.05));
  }
}

}  // namespace
