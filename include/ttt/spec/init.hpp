// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/types.hpp>

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace ttt {

/// The square root of a positive number, also in a constant, where that of the standard library
/// may not be.
[[nodiscard]] constexpr double square_root(double number) {
  if (!std::is_constant_evaluated()) return std::sqrt(number);
  double root = std::max(number, 1.0);
  while (true) {  // from above, by Newton's method
    const double next = (root + number / root) / 2;
    if (next >= root) return root;
    root = next;
  }
}

/// How a tensor is initialised: constant + deviation n + bound u, with n standard normal and u
/// uniform in -1..1, or a function of that, or a function of the place.
struct Init {
  double constant = 0;   ///< of every element
  double deviation = 0;  ///< of normal numbers
  double bound = 0;      ///< of uniform numbers
  /// If not null, what is made of the sum of the three.
  double (*through)(double number) = nullptr;
  /// If not null, the element itself.
  double (*element)(Index row, Index col, Index rows, Index cols) = nullptr;

  /// Whether all members are equal.
  friend constexpr bool operator==(const Init&, const Init&) = default;
};

/// How tensors are initialised.
namespace init {

inline constexpr Init ones{.constant = 1};  ///< of norms
inline constexpr Init zeros{};              ///< of biases

/// A gate whose sigmoid is 0.05. \source the code of arXiv:2603.06642
inline constexpr Init closed_gate{.constant = -2.9444389791664403};

/// Of taps of a convolution: column by column an exponential moving average, its time constant from
/// 2 rows to all of them.
inline constexpr Init averages{.element = [](Index row, Index col, Index rows, Index cols) {
  const double share = static_cast<double>(col) / static_cast<double>(cols);
  const double rate = std::pow(static_cast<double>(rows) / 2, -share) / 2;
  return (1 - std::exp(-rate)) * std::exp(-rate * static_cast<double>(row));
}};

/// The logarithm of a uniform number, of which less than 1e-6 counts as that.
///
/// \pre    0 <= least < most
[[nodiscard]] constexpr Init log_of_uniform(double least, double most) {
  return {.constant = (most + least) / 2,
          .bound = (most - least) / 2,
          .through = [](double number) { return std::log(std::max(number, 1e-6)); }};
}

/// A number whose softplus is a time step between 0.001 and 0.1, uniform in its logarithm.
///
/// \source Gu and Dao 2023, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
///         arXiv:2312.00752, and its code for the least step
inline constexpr Init time_step{.constant = -4.605170185988091,  // log 0.01
                                .bound = 2.302585092994046,      // log 10
                                .through = [](double logarithm) {
                                  const double step = std::max(std::exp(logarithm), 1e-4);
                                  return step + std::log(-std::expm1(-step));
                                }};

/// Of taps of a convolution of each feature by itself, uniform within 1 / sqrt(taps).
///
/// \source the default of PyTorch
[[nodiscard]] constexpr Init of_taps(Index taps) {
  return {.bound = 1 / square_root(static_cast<double>(taps))};
}

}  // namespace init

/// How the matrices of a model are initialised: N(0, deviation^2), or with a gain
/// N(0, gain^2 2 / (rows + cols)).
///
/// \source arXiv:2512.23675 for 0.02; Glorot and Bengio 2010, "Understanding the difficulty of
///         training deep feedforward neural networks", for the gain
struct InitRule {
  double deviation = 0.02;  ///< of every matrix
  double gain = 0;          ///< if not 0, instead

  /// Whether all members are equal.
  friend constexpr bool operator==(const InitRule&, const InitRule&) = default;
};

/// A tensor of a layer before it has numbers. One that is left out has no rows.
struct TensorSpec {
  Index rows = 0;  ///< outer extent
  Index cols = 0;  ///< inner extent
  Init init{};     ///< of a training that begins anew
};

/// A matrix under a rule.
[[nodiscard]] constexpr TensorSpec matrix_spec(const InitRule& rule, Index rows, Index cols) {
  const double deviation = rule.gain > 0
                               ? rule.gain * square_root(2 / static_cast<double>(rows + cols))
                               : rule.deviation;
  return {rows, cols, {.deviation = deviation}};
}

}  // namespace ttt
