// SPDX-License-Identifier: Apache-2.0
#include "laws/signal.hpp"

#include <ttt/layer/layer.hpp>
#include <ttt/memory/reconstruction.hpp>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE("every Signal is finite and pure", P, signal::Surprisal, signal::MeanSurprisal,
                     With<signal::MeanSurprisal{.reach = 0}>,
                     With<signal::MeanSurprisal{.reach = 3}>, signal::KeepScore,
                     signal::Reconstruction, signal::MeanAttention, signal::LargestAttention,
                     With<signal::LargestAttention{.reach = 0}>, signal::Sum<>,
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
    CHECK(signal::MeanSurprisal{.reach = 0}(offer) == 6);
    CHECK(signal::MeanSurprisal{.reach = 1}(offer) == doctest::Approx(11.0 / 3));
    CHECK(signal::MeanSurprisal{.reach = 2}(offer) == 4);
    CHECK(signal::Sum<>{}(offer) == 0);
    CHECK(signal::Sum<signal::Surprisal, signal::KeepScore>{}(offer) == 2);
    CHECK(signal::Sum<signal::Surprisal, signal::Surprisal, signal::Surprisal>{}(offer) == 18);
  }

  TEST_CASE("MeanSurprisal takes the mean of those neighbours that there are") {
    const std::vector<double> surprisal{1, 2, 6, 3, 8};
    const auto mean = [&](std::size_t at) {
      return signal::MeanSurprisal{.reach = 2}({.entry = {}, .surprisal = surprisal, .at = at});
    };
    CHECK(mean(0) == 3);
    CHECK(mean(1) == 3);
    CHECK(mean(3) == doctest::Approx(19.0 / 4));
    CHECK(mean(4) == doctest::Approx(17.0 / 3));
  }

  TEST_CASE("MeanAttention and LargestAttention pool what neighbours received") {
    const std::vector<double> received{0, 0.5, 0.125, 0, 2};
    const auto offer = [&](std::size_t at) {
      return Offer{.entry = {}, .surprisal = {}, .at = at, .attention = received};
    };
    CHECK(signal::MeanAttention{.reach = 0}(offer(2)) == 0.125);
    CHECK(signal::MeanAttention{.reach = 1}(offer(0)) == 0.25);
    CHECK(signal::MeanAttention{}(offer(2)) == doctest::Approx(2.625 / 5));
    CHECK(signal::LargestAttention{.reach = 0}(offer(2)) == 0.125);
    CHECK(signal::LargestAttention{.reach = 1}(offer(2)) == 0.5);
    CHECK(signal::LargestAttention{}(offer(0)) == 0.5);
    CHECK(signal::LargestAttention{}(offer(1)) == 2);
    CHECK(detail::traits_of<signal::MeanAttention>.window_attention);
    CHECK(
        detail::traits_of<signal::Sum<signal::Surprisal, signal::LargestAttention>>.window_attention);
  }

  TEST_CASE("a Signal reads keep scores if a part of it does") {
    CHECK(detail::traits_of<signal::KeepScore>.keep_score);
    CHECK(detail::traits_of<signal::Sum<signal::Surprisal, signal::KeepScore>>.keep_score);
    CHECK(!detail::traits_of<signal::Surprisal>.keep_score);
    CHECK(!detail::traits_of<signal::Sum<signal::Surprisal>>.keep_score);
    CHECK(!detail::traits_of<signal::MeanSurprisal>.keep_score);
  }

  TEST_CASE("reconstruction errors are computed for a Signal if a part of it reads them") {
    CHECK(detail::traits_of<signal::Reconstruction>.reconstruction);
    CHECK(detail::traits_of<signal::Sum<signal::Surprisal, signal::Reconstruction>>.reconstruction);
    CHECK(!detail::traits_of<signal::KeepScore>.reconstruction);
    CHECK(!detail::traits_of<signal::Sum<signal::Surprisal>>.reconstruction);
  }

  TEST_CASE("MeanSurprisal may reach over four tokens, and a Sum has settings of its parts") {
    const std::vector<double> surprisal{9, 0, 0, 0, 0, 5, 0, 0, 0, 0};
    const Offer offer{.entry = {.surprisal = 5}, .surprisal = surprisal, .at = 5};
    CHECK(signal::MeanSurprisal{}(offer) == doctest::Approx(5.0 / 9));
    using Parts = signal::Sum<signal::MeanSurprisal, signal::Surprisal>;
    CHECK(Parts{.parts = {{.reach = 5}, {}}}(offer) == doctest::Approx(1.4 + 5));
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
