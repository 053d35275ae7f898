// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cstddef>
#include <tuple>
#include <utility>

#include "laws/numbers.hpp"

namespace laws {

/// Agreement of derivatives with difference quotients in double, relative to the largest entry.
constexpr double quotient_tolerance = 1e-6;
/// Agreement of two ways to compute the same in double.
constexpr double rounding = 1e-12;

/// What the derivatives of an operation of N inputs are checked with.
template <class Op, std::size_t N>
class OperationLaws {
 public:
  using M = Matrix<double>;
  using D = Dual<M>;
  using Arrays = std::array<M, N>;
  using Mask = unsigned;  ///< bit n stands for input n

  OperationLaws(const Op& op, const Arrays& inputs, Random random) : op_(op), inputs_(inputs) {
    for (const M& in : inputs_) {
      directions_[index_++] = normal(in.rows(), in.cols(), random);
    }
    const M y = value(inputs_);
    cotangent_ = normal(y.rows(), y.cols(), random);
    cotangent_tangent_ = normal(y.rows(), y.cols(), random);
  }

  void check() const {
    for (Mask wanted = 1; wanted <= all; ++wanted) {
      if (tried(wanted)) check_gradient(wanted);
    }
    for (Mask moving = 0; moving <= all; ++moving) {
      if (!tried(moving)) continue;
      check_tangent(moving);
      for (Mask wanted = 1; wanted <= all; ++wanted) {
        if (!tried(wanted)) continue;
        check_second(moving, wanted, {cotangent_, cotangent_tangent_});
        check_second(moving, wanted, {cotangent_, {}});
        check_second(moving, wanted, {{}, cotangent_tangent_});
      }
      check_both_halves(moving);
      check_recorded(moving);
    }
  }

 private:
  static constexpr Mask all = (1U << N) - 1;

  /// Every choice of a few inputs; of many, none, all, each alone and all but each.
  static bool tried(Mask mask) {
    const int count = std::popcount(mask);
    return N <= 4 || count <= 1 || count + 1 >= static_cast<int>(N);
  }

  static bool has(Mask mask, std::size_t n) { return (mask >> n & 1U) != 0; }

  template <class A>
  A value(const std::array<A, N>& in) const {
    return std::apply([&](const auto&... x) { return apply(op_, x...); }, in);
  }

  /// The inputs, moved along the directions of a mask.
  Arrays moved(Mask moving, double by) const {
    Arrays in = inputs_;
    for (std::size_t n = 0; n < N; ++n) {
      if (has(moving, n)) in[n] += by * directions_[n];
    }
    return in;
  }
  std::array<D, N> duals(Mask moving) const {
    std::array<D, N> in;
    for (std::size_t n = 0; n < N; ++n) in[n] = {inputs_[n], has(moving, n) ? directions_[n] : M()};
    return in;
  }

  /// What the leaves of a tape receive.
  template <class A, class... Recordings>
  Arrays pulled(const std::array<A, N>& in, Mask wanted, const A& cotangent,
                Recordings&... recording) const {
    Arrays sinks;
    Tape<A> tape(recording...);
    std::array<Var<A>, N> vars;
    for (std::size_t n = 0; n < N; ++n) {
      vars[n] = has(wanted, n) ? tape.leaf(in[n], sinks[n]) : tape.constant(in[n]);
    }
    tape.seed(value(vars), cotangent);
    tape.pull_back();
    return sinks;
  }

  /// The pullback is the transpose of the derivative; inputs that want none get none.
  void check_gradient(Mask wanted) const {
    const Arrays adjoints = pulled(inputs_, wanted, cotangent_);
    for (std::size_t n = 0; n < N; ++n) {
      CAPTURE(wanted);
      CAPTURE(n);
      if (!has(wanted, n)) {
        CHECK(adjoints[n].size() == 0);
        continue;
      }
      REQUIRE(adjoints[n].rows() == inputs_[n].rows());
      REQUIRE(adjoints[n].cols() == inputs_[n].cols());
      const M derivative = slope([&](double by) { return value(moved(1U << n, by)); });
      const double expected = derivative.cwiseProduct(cotangent_).sum();
      const double ours = adjoints[n].cwiseProduct(directions_[n]).sum();
      CHECK(std::abs(ours - expected) <=
            quotient_tolerance * std::max(std::abs(expected), adjoints[n].norm()));
    }
  }

  /// Over duals, the value is the value and the tangent is the derivative.
  void check_tangent(Mask moving) const {
    CAPTURE(moving);
    const D y = value(duals(moving));
    CHECK(disagreement(y.value, value(inputs_)) <= rounding);
    if (moving == 0) {
      CHECK(y.tangent.size() == 0);
    } else {
      const M derivative = slope([&](double by) { return value(moved(moving, by)); });
      if (y.tangent.size() != 0 || derivative.norm() > quotient_tolerance) {
        CHECK(disagreement(y.tangent, derivative) <= quotient_tolerance);
      }
    }
  }

  static D plus(const D& a, double by) {
    if (a.value.size() == 0) return {by * a.tangent, {}};
    if (a.tangent.size() == 0) return {a.value, {}};
    return {a.value + by * a.tangent, {}};
  }

  /// Over duals, a leaf receives the derivative of the pullback.
  void check_second(Mask moving, Mask wanted, const D& cotangent) const {
    const Arrays tangents = pulled(duals(moving), wanted, cotangent);
    for (std::size_t n = 0; n < N; ++n) {
      CAPTURE(moving);
      CAPTURE(wanted);
      CAPTURE(n);
      if (!has(wanted, n)) {
        CHECK(tangents[n].size() == 0);
        continue;
      }
      const M derivative = slope([&](double by) {
        M adjoint = pulled(moved(moving, by), wanted, plus(cotangent, by).value)[n];
        if (adjoint.size() == 0) adjoint.setZero(inputs_[n].rows(), inputs_[n].cols());
        return adjoint;
      });
      if (tangents[n].size() == 0) {
        CHECK(derivative.norm() <= quotient_tolerance);
      } else if (derivative.norm() <= quotient_tolerance) {
        CHECK(tangents[n].norm() <= quotient_tolerance);
      } else {
        CHECK(disagreement(tangents[n], derivative) <= quotient_tolerance);
      }
    }
  }

  /// A tape over duals that follows a recording gives what one does that computes everything.
  void check_recorded(Mask moving) const {
    const auto in = duals(moving);
    const D cotangent{cotangent_, cotangent_tangent_};
    for (Mask wanted = 1; wanted <= all; ++wanted) {
      Recording<M> recording;
      static_cast<void>(pulled(inputs_, wanted, cotangent_, recording));
      const Arrays followed = pulled(in, wanted, cotangent, recording);
      const Arrays computed = pulled(in, wanted, cotangent);
      for (std::size_t n = 0; n < N; ++n) {
        CAPTURE(moving);
        CAPTURE(wanted);
        CAPTURE(n);
        CHECK(disagreement(followed[n], computed[n]) <= rounding);
      }
    }
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      if constexpr (requires { op_.tangent(in[I]...); }) {
        if (moving != 0) CHECK(disagreement(op_.tangent(in[I]...), value(in).tangent) <= rounding);
      }
    }
    (std::make_index_sequence<N>());
  }

  /// An interior node receives both halves: the pullback, and its derivative.
  void check_both_halves(Mask moving) const {
    const D cotangent{cotangent_, cotangent_tangent_};
    const auto in = duals(moving);
    const D y = value(in);
    const Arrays expected = pulled(inputs_, all, cotangent_);
    const Arrays tangents = pulled(in, all, cotangent);
    std::array<D, N> sums;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      op_.pullback(y, cotangent,
                   Input<D>(&in[I], {.value = &sums[I].value, .tangent = &sums[I].tangent})...);
    }
    (std::make_index_sequence<N>());
    for (std::size_t n = 0; n < N; ++n) {
      CAPTURE(moving);
      CAPTURE(n);
      CHECK(disagreement(sums[n].value, expected[n]) <= rounding);
      CHECK(disagreement(sums[n].tangent, tangents[n]) <= rounding);
    }
  }

  Op op_;
  Arrays inputs_;
  Arrays directions_;
  M cotangent_, cotangent_tangent_;
  std::size_t index_ = 0;
};

/// Values, gradients and second derivatives of `op` agree with difference quotients, for every
/// choice of inputs that move and of inputs whose derivative is wanted.
template <class Op, class... Ms>
void check_operation(const Op& op, const Ms&... inputs) {
  OperationLaws<Op, sizeof...(Ms)>(op, {inputs...}, Random(7)).check();
}

}  // namespace laws
