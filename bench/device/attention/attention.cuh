// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/attend.hpp>
#include <ttt/algebra/tape.hpp>

#include "../product.cuh"

namespace device {

inline constexpr AttentionHeads heads{12, 12};
inline constexpr Index width = 12 * 64;

/// A text, and how much of it is seen.
struct Case {
  Index time, window;
  Wanted forward{};  ///< TFLOP/s

  /// Of the two products of every visible pair.
  [[nodiscard]] double operations() const {
    double pairs = 0;
    for (Index t = 0; t < time; ++t) pairs += static_cast<double>(std::min(t + 1, window));
    return 4 * pairs * static_cast<double>(width);
  }
};

template <Precision P>
void attention(const Case& c, double limit) {
  using M = gpu::Matrix<float, P>;
  const M q = drawn<M>(c.time, width, 1);
  const M k = drawn<M>(c.time, width, 2);
  const M v = drawn<M>(c.time, width, 3);
  const M dy = drawn<M>(c.time, width, 4);
  const M no_bias;
  const auto visible = VisibleKeys::sliding(c.time, c.time, c.window);
  const std::string of = std::string(name(P)) + " attention, " + std::to_string(c.time) +
                         " tokens, window " + std::to_string(c.window);

  const Time forward = time_of([&] { const M y = attend(q, k, v, no_bias, heads, visible); });
  const double rate = c.operations() / forward.seconds;
  Row{of + ", forward", rate / 1e12, "TFLOP/s", forward.runs, c.forward}.print();
  Row{of + ", forward, over cuBLAS", rate / limit, "times", forward.runs}.print();

  const Time both = time_of([&] {
    M dq, dk, dv;
    Tape<M> tape;
    const Var<M> y = attend(tape.leaf(q, dq), tape.leaf(k, dk), tape.leaf(v, dv),
                            tape.constant(no_bias), heads, visible);
    tape.seed(y, dy);
    tape.pull_back();
  });
  // Back, five products of every pair: of the two, both derivatives, and the first once more.
  const double both_rate = 3.5 * c.operations() / both.seconds;
  Row{of + ", forward and back", both_rate / 1e12, "TFLOP/s", both.runs}.print();
  Row{of + ", forward and back, over cuBLAS", both_rate / limit, "times", both.runs}.print();
}

/// Prints the rates of three cases, the first with what is wanted of it.
template <Precision P>
void measure_attention(Wanted forward) {
  const double limit = product_rate<P>();
  attention<P>({8192, 8192, forward}, limit);
  attention<P>({32768, 8192}, limit);
  attention<P>({32768, 1024}, limit);
}

}  // namespace device
