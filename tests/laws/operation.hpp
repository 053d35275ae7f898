// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <vector>

#include "laws/numbers.hpp"
#include "laws/on_host.hpp"

namespace laws {

/// Agreement of derivatives with difference quotients in double, relative to the largest entry.
constexpr double quotient_tolerance = 1e-6;
/// Agreement of two ways to compute the same in double.
constexpr double rounding = 1e-12;

/// What the derivatives of an operation of N inputs over the storage M are checked with.
template <Storage M, class Op, std::size_t N>
class OperationLaws {
 public:
  using Host = Matrix<double>;
  using Hosts = std::array<Host, N>;
  using Mask = unsigned;  ///< bit n stands for input n

  OperationLaws(const Op& op, const Hosts& inputs, Random random)
      : on_(op, inputs), inputs_(inputs) {
    for (std::size_t n = 0; n < N; ++n) {
      directions_[n] = normal(inputs_[n].rows(), inputs_[n].cols(), random);
    }
    cotangent_ = normal(on_.size(), 1, random);
    cotangent_tangent_ = normal(on_.size(), 1, random);
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
        check_recorded(moving, wanted);
      }
      check_both_halves(moving);
    }
  }

  /// The values, gradients and second derivatives, to be compared with those of another storage.
  [[nodiscard]] std::vector<Host> numbers() const {
    std::vector<Host> found{on_.value(inputs_)};
    const auto add = [&](const Hosts& more) {
      found.insert(found.end(), more.begin(), more.end());
    };
    add(on_.pulled(inputs_, all, cotangent_));
    for (Mask moving = 0; moving <= all; ++moving) {
      if (!tried(moving)) continue;
      found.push_back(on_.value(inputs_, directions_, moving).tangent);
      add(second(moving, all, {cotangent_, cotangent_tangent_}));
    }
    return found;
  }

 private:
  using On = OnHost<M, Op, N>;
  static constexpr Mask all = On::all;

  /// Every choice of a few inputs; of many, none, all, each alone and all but each.
  static bool tried(Mask mask) {
    const int count = std::popcount(mask);
    return N <= 4 || count <= 1 || count + 1 >= static_cast<int>(N);
  }

  /// The inputs, moved along the directions of a mask.
  Hosts moved(Mask moving, double by) const {
    Hosts in = inputs_;
    for (std::size_t n = 0; n < N; ++n) {
      if (On::has(moving, n)) in[n] += by * directions_[n];
    }
    return in;
  }

  template <class... Recordings>
  Hosts second(Mask moving, Mask wanted, const Dual<Host>& cotangent,
               Recordings&... activations) const {
    return on_.pulled(inputs_, directions_, moving, wanted, cotangent, activations...);
  }

  /// The pullback is the transpose of the derivative; inputs that want none get none.
  void check_gradient(Mask wanted) const {
    const Hosts adjoints = on_.pulled(inputs_, wanted, cotangent_);
    for (std::size_t n = 0; n < N; ++n) {
      CAPTURE(wanted);
      CAPTURE(n);
      if (!On::has(wanted, n) || inputs_[n].size() == 0) {
        CHECK(adjoints[n].size() == 0);
        continue;
      }
      REQUIRE(adjoints[n].rows() == inputs_[n].rows());
      REQUIRE(adjoints[n].cols() == inputs_[n].cols());
      const Host derivative = slope([&](double by) { return on_.value(moved(1U << n, by)); });
      const double expected = derivative.cwiseProduct(cotangent_).sum();
      const double ours = adjoints[n].cwiseProduct(directions_[n]).sum();
      CHECK(std::abs(ours - expected) <=
            quotient_tolerance * std::max(std::abs(expected), adjoints[n].norm()));
    }
  }

  /// Over duals, the value is the value and the tangent is the derivative.
  void check_tangent(Mask moving) const {
    CAPTURE(moving);
    const Dual<Host> y = on_.value(inputs_, directions_, moving);
    CHECK(disagreement(y.value, on_.value(inputs_)) <= rounding);
    if (moving == 0) {
      CHECK(y.tangent.size() == 0);
      return;
    }
    const Host derivative = slope([&](double by) { return on_.value(moved(moving, by)); });
    if (y.tangent.size() != 0 || derivative.norm() > quotient_tolerance) {
      CHECK(disagreement(y.tangent, derivative) <= quotient_tolerance);
    }
    if constexpr (Op::traits.tangent) {
      const Host alone = on_.tangent(inputs_, directions_, moving);
      if (y.tangent.size() != 0) CHECK(disagreement(alone, y.tangent) <= rounding);
    }
  }

  static Host plus(const Dual<Host>& a, double by) {
    if (a.value.size() == 0) return by * a.tangent;
    if (a.tangent.size() == 0) return a.value;
    return a.value + by * a.tangent;
  }

  /// Over duals, a leaf receives the derivative of the pullback.
  void check_second(Mask moving, Mask wanted, const Dual<Host>& cotangent) const {
    const Hosts tangents = second(moving, wanted, cotangent);
    for (std::size_t n = 0; n < N; ++n) {
      CAPTURE(moving);
      CAPTURE(wanted);
      CAPTURE(n);
      if (!On::has(wanted, n) || inputs_[n].size() == 0) {
        CHECK(tangents[n].size() == 0);
        continue;
      }
      const Host derivative = slope([&](double by) {
        Host adjoint = on_.pulled(moved(moving, by), wanted, plus(cotangent, by))[n];
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

  /// A tape over duals that follows activations gives what one does that computes everything.
  void check_recorded(Mask moving, Mask wanted) const {
    const Dual<Host> cotangent{cotangent_, cotangent_tangent_};
    Activations<M> activations;
    static_cast<void>(on_.pulled(inputs_, wanted, cotangent_, activations));
    const Hosts followed = second(moving, wanted, cotangent, activations);
    const Hosts computed = second(moving, wanted, cotangent);
    for (std::size_t n = 0; n < N; ++n) {
      CAPTURE(moving);
      CAPTURE(wanted);
      CAPTURE(n);
      CHECK(disagreement(followed[n], computed[n]) <= rounding);
    }
  }

  /// An interior node receives both halves: the pullback, and its derivative.
  void check_both_halves(Mask moving) const {
    for (const Dual<Host>& cotangent :
         {Dual<Host>{cotangent_, cotangent_tangent_}, Dual<Host>{{}, cotangent_tangent_}}) {
      const auto sums = on_.both_halves(inputs_, directions_, moving, cotangent);
      const Hosts tangents = second(moving, all, cotangent);
      const Hosts values = on_.pulled(inputs_, all, cotangent_);
      for (std::size_t n = 0; n < N; ++n) {
        CAPTURE(moving);
        CAPTURE(n);
        if (inputs_[n].size() == 0) continue;
        const Host zeros = Host::Zero(inputs_[n].rows(), inputs_[n].cols());
        const auto whole = [&](const Host& half) { return half.size() == 0 ? zeros : half; };
        CHECK(disagreement(whole(sums[n].value),
                           cotangent.value.size() == 0 ? zeros : whole(values[n])) <= rounding);
        CHECK(disagreement(whole(sums[n].tangent), whole(tangents[n])) <= rounding);
      }
    }
  }

  On on_;
  Hosts inputs_;
  Hosts directions_;
  Host cotangent_, cotangent_tangent_;
};

/// Values, gradients and second derivatives of `op` agree with difference quotients, for every
/// choice of inputs that move and of inputs whose derivative is wanted.
template <Storage M = Matrix<double>, class Op, class... Hosts>
void check_operation(const Op& op, const Hosts&... inputs) {
  OperationLaws<M, Op, sizeof...(Hosts)>(op, {inputs...}, Random(7)).check();
}

/// An operation over the storage M has the values, gradients and second derivatives of one over
/// Matrix<double>.
template <Storage M, class There, class Here, class... Hosts>
void check_agreement(const There& there, const Here& here, const Hosts&... inputs) {
  constexpr double most = sizeof(typename M::Scalar) == sizeof(double) ? rounding : 1e-5;
  constexpr std::size_t count = sizeof...(Hosts);
  const auto ours = OperationLaws<M, There, count>(there, {inputs...}, Random(7)).numbers();
  const auto expected =
      OperationLaws<Matrix<double>, Here, count>(here, {inputs...}, Random(7)).numbers();
  REQUIRE(ours.size() == expected.size());
  for (std::size_t n = 0; n < ours.size(); ++n) {
    CAPTURE(n);
    CHECK(disagreement(ours[n], expected[n]) <= most);
  }
}

}  // namespace laws
