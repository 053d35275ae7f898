// SPDX-License-Identifier: Apache-2.0
#include "laws/fuse.hpp"

#include <ttt/layer/attend.hpp>
#include <ttt/memory/cache.hpp>

#include <cmath>

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
