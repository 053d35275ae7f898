// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>

namespace {

using namespace ttt;

constexpr ModelSpec shape = checked({.vocab = 256,
                                     .width = 16,
                                     .heads = 2,
                                     .hidden = 24,
                                     .window = 16,
                                     .chunk = 8,
                                     .init = {.gain = 0.5}});

/// Compares the count of a constant with a walk at run time.
template <class Model>
void check_count() {
  constexpr Index counted = Model::parameters();
  Index walked = 0;
  const auto tensors = Model::tensors();
  for_each_array(
      [&](const Leaf&, const TensorSpec& tensor) { walked += tensor.rows * tensor.cols; }, tensors);
  CHECK(counted == walked);
  CHECK(counted > 0);
}

TEST_SUITE("model") {
  TEST_CASE("the parameters of a model are counted in a constant") {
    check_count<TttE2e<shape, 12, 2>>();
    check_count<TttMlp<shape, 2, Backbone::mamba>>();
    check_count<TttKvb<shape, 2>>();
    check_count<Mamba2Model<shape, 2>>();
    check_count<GatedDeltaNetModel<shape, 2>>();
    check_count<SrTtt<shape, 2>>();
    static_assert(SlidingWindow<shape, 1>::parameters() ==
                  256 * 16 + 4 * 16 * 16 + 3 * 16 * 24 + 5 * 16 + 2 * 8);
  }

  TEST_CASE("members of arrays are named by their numbers") {
    constexpr NumberedName name("model.h.blocks.", 120);
    static_assert(name.view() == "model.h.blocks.120");
    for (const unsigned long number : {0UL, 9UL, 10UL, 99UL, 100UL, 1000000007UL}) {
      CHECK(NumberedName("maps.", number).view() == "maps." + std::to_string(number));
    }
  }

  TEST_CASE("a square root in a constant is that of the standard library to the last digits") {
    constexpr double roots[] = {square_root(1e-9), square_root(0.25), square_root(2),
                                square_root(6 / 5.0), square_root(1e12)};
    constexpr double squares[] = {1e-9, 0.25, 2, 6 / 5.0, 1e12};
    for (int n = 0; n < 5; ++n) {
      CHECK(std::abs(roots[n] / std::sqrt(squares[n]) - 1) < 1e-15);
      CHECK(square_root(squares[n]) == std::sqrt(squares[n]));
    }
  }
}

}  // namespace
