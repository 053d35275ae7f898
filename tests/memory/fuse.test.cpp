// SPDX-License-Identifier: Apache-2.0
#include "laws/fuse.hpp"

#include <ttt/algebra/tape.hpp>
#include <ttt/layer/attend.hpp>
#include <ttt/memory/cached_window.hpp>

#include <array>
#include <cmath>
#include <vector>

#include "laws/texts.hpp"

namespace {

using namespace ttt;

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE("every Fuse answers as the window where nothing kept is seen", F,
                     fuse::OneSoftmax, fuse::Gated) {
    laws::check_fuse<F, double>();
    laws::check_fuse<F, float>();
  }

  TEST_CASE("OneSoftmax gives the values of window and cache shares of one whole") {
    laws::DrawnSight<double> drawn({5, 5}, 5, false, 2);
    drawn.near_v.setOnes();
    drawn.far_v.setOnes();
    const Matrix<double> y = fuse::OneSoftmax{}(drawn.sight(), drawn.gate);
    CHECK(laws::disagreement(y, Matrix<double>(Matrix<double>::Ones(2, 6))) < 1e-14);
  }

  TEST_CASE("Gated adds what the cache answers, as far as the gate is open") {
    laws::DrawnSight<double> drawn({0, 5}, 5, true, 3);
    drawn.near_v.setOnes();
    drawn.far_v.setConstant(8);
    const auto answer = [&](double gate) {
      drawn.gate(0, 0) = gate;
      return fuse::Gated{}(drawn.sight(), drawn.gate);
    };
    for (const double gate : {-3.0, 0.0, 1.5}) {
      const Matrix<double> y = answer(gate);
      for (Index c = 0; c < 6; ++c) {
        CHECK(y(0, c) == doctest::Approx(1));
        CHECK(y(1, c) == doctest::Approx(1 + 8 / (1 + std::exp(-gate))));
      }
    }
    CHECK(answer(-1000) == drawn.sight().window_alone());
  }

  TEST_CASE_TEMPLATE("a tape keeps nothing of [queries, keys] for a Fuse", F, fuse::OneSoftmax,
                     fuse::Gated) {
    using M = Matrix<double>;
    const std::vector<Index> seen(40, 300);
    laws::DrawnSight<double> drawn(seen, 300, F::gated, 5);
    std::array<M, 8> sinks;
    Tape<M> tape;
    const auto near_q = tape.leaf(drawn.near_q, sinks[0]);
    const auto near_k = tape.leaf(drawn.near_k, sinks[1]);
    const auto near_v = tape.leaf(drawn.near_v, sinks[2]);
    const auto far_q = tape.leaf(drawn.far_q, sinks[3]);
    const auto far_k = tape.leaf(drawn.far_k, sinks[4]);
    const auto far_v = tape.leaf(drawn.far_v, sinks[5]);
    const auto bias = tape.leaf(drawn.bias, sinks[6]);
    const auto gate = tape.leaf(drawn.gate, sinks[7]);
    const auto y = F{}(Sight<Var<M>>{.near_q = near_q,
                                     .near_k = near_k,
                                     .near_v = near_v,
                                     .far_q = far_q,
                                     .far_k = far_k,
                                     .far_v = far_v,
                                     .bias = bias,
                                     .heads = 2,
                                     .window = 4,
                                     .seen = seen,
                                     .watched = nullptr},
                       gate);
    CHECK(y.value() == F{}(drawn.sight(), drawn.gate));
    CHECK(tape.peak_bytes() <= 8 * (4 * drawn.near_q.size() + 1));
  }

  TEST_CASE("a layer has a gate where its memory is gated, and it begins nearly shut") {
    using Gated = Attend<Window, Cache<4, fuse::Gated>>;
    CHECK(Gated::tensors<laws::small>().gate.rows == 1);
    CHECK(Attend<Window, Cache<4>>::tensors<laws::small>().gate.rows == 0);
    CHECK(Attend<Window>::tensors<laws::small>().gate.rows == 0);
    Random random(4);
    const Random before = random;
    const auto gate = started<double>(Gated::tensors<laws::small>().gate, random);
    CHECK(random == before);
    CHECK(logistic(gate)(0, 0) == doctest::Approx(0.05));
  }
}

}  // namespace
