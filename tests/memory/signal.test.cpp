// SPDX-License-Identifier: Apache-2.0
#include "laws/signal.hpp"

#include <ttt/memory/reconstruction.hpp>

namespace {

using namespace ttt;

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE("every Signal is finite and pure", P, signal::Surprisal,
                     signal::MeanSurprisal<0>, signal::MeanSurprisal<3>, signal::KeepScore,
                     signal::Reconstruction, signal::Sum<>,
                     signal::Sum<signal::Surprisal, signal::KeepScore>) {
    laws::check_signal<P>();
  }

  TEST_CASE("a Signal reads what its name says") {
    const std::vector<double> surprisal{1, 2, 6, 3, 8};
    const Offer offer{.entry = {.position = 12, .surprisal = 6, .keep = -4},
                      .surprisal = surprisal,
                      .at = 2,
                      .reconstruction = 0.5};
    CHECK(signal::Surprisal{}(offer) == 6);
    CHECK(signal::KeepScore{}(offer) == -4);
    CHECK(signal::Reconstruction{}(offer) == 0.5);
    CHECK(signal::MeanSurprisal<0>{}(offer) == 6);
    CHECK(signal::MeanSurprisal<1>{}(offer) == doctest::Approx(11.0 / 3));
    CHECK(signal::MeanSurprisal<2>{}(offer) == 4);
    CHECK(signal::Sum<>{}(offer) == 0);
    CHECK(signal::Sum<signal::Surprisal, signal::KeepScore>{}(offer) == 2);
    CHECK(signal::Sum<signal::Surprisal, signal::Surprisal, signal::Surprisal>{}(offer) == 18);
  }

  TEST_CASE("MeanSurprisal takes the mean of those neighbours that there are") {
    const std::vector<double> surprisal{1, 2, 6, 3, 8};
    const auto mean = [&](std::size_t at) {
      return signal::MeanSurprisal<2>{}({.entry = {}, .surprisal = surprisal, .at = at});
    };
    CHECK(mean(0) == 3);
    CHECK(mean(1) == 3);
    CHECK(mean(3) == doctest::Approx(19.0 / 4));
    CHECK(mean(4) == doctest::Approx(17.0 / 3));
  }

  TEST_CASE("a Signal asks for keep scores if a part of it reads them") {
    CHECK(detail::wants_keep_score<signal::KeepScore>);
    CHECK(detail::wants_keep_score<signal::Sum<signal::Surprisal, signal::KeepScore>>);
    CHECK(!detail::wants_keep_score<signal::Surprisal>);
    CHECK(!detail::wants_keep_score<signal::Sum<signal::Surprisal>>);
    CHECK(!detail::wants_keep_score<signal::MeanSurprisal<2>>);
  }

  TEST_CASE("what would be missed is computed for a Signal if a part of it reads that") {
    CHECK(detail::wants_reconstruction<signal::Reconstruction>);
    CHECK(detail::wants_reconstruction<signal::Sum<signal::Surprisal, signal::Reconstruction>>);
    CHECK(!detail::wants_reconstruction<signal::KeepScore>);
    CHECK(!detail::wants_reconstruction<signal::Sum<signal::Surprisal>>);
  }

  TEST_CASE("a token that another repeats is not missed") {
    Matrix<double> keys(4, 2);
    keys << 40, 0, 0, 40, 40, 0, 0, 40;
    Matrix<double> values(4, 2);
    values << 1, 2, 5, 0, 1, 2, 3, 0;
    const auto errors = reconstruction_errors(keys, values, 2, 1);
    REQUIRE(errors.size() == 2);
    CHECK(errors[0] == doctest::Approx(0));
    CHECK(errors[1] == doctest::Approx(2));
    const auto alone = reconstruction_errors(keys, values, 4, 1);
    CHECK(alone[1] == doctest::Approx(25.0 / 2));
  }
}

}  // namespace
