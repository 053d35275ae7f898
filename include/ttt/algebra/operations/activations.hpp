// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/elementwise.hpp>

#include <array>

namespace ttt {

namespace detail {

struct SiluGateOf {
  static constexpr const char* name = "silu_gate";

  template <class N>
  TTT_HD N value(const N& a, const N& b) const {
    return a * logistic(a) * b;
  }
  template <class N>
  TTT_HD std::array<N, 2> pullback(const N& dy, const N& a, const N& b) const {
    const N s = logistic(a);
    const N silu = a * s;
    return {dy * b * (s + silu * (Scalar<N>(1) - s)), dy * silu};
  }
};

struct SiluOf {
  static constexpr const char* name = "silu";

  template <class N>
  TTT_HD N value(const N& a) const {
    return a * logistic(a);
  }
  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& a) const {
    const N s = logistic(a);
    return {dy * (s + a * s * (Scalar<N>(1) - s))};
  }
};

struct ExponentialOf {
  static constexpr const char* name = "exponential";

  template <class N>
  TTT_HD N value(const N& a) const {
    return exp(a);
  }
  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& a) const {
    return {dy * exp(a)};
  }
};

struct LogisticOf {
  static constexpr const char* name = "logistic";

  template <class N>
  TTT_HD N value(const N& a) const {
    return logistic(a);
  }
  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& a) const {
    const N s = logistic(a);
    return {dy * s * (Scalar<N>(1) - s)};
  }
};

struct SoftplusOf {
  static constexpr const char* name = "softplus";
  double shift = 0;  ///< added to the argument

  template <class N>
  TTT_HD N value(const N& a) const {
    return softplus(a + Scalar<N>(shift));
  }
  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& a) const {
    return {dy * logistic(a + Scalar<N>(shift))};
  }
};

struct LogLogisticOf {
  static constexpr const char* name = "log_logistic";
  double shift = 0;  ///< added to the argument

  template <class N>
  TTT_HD N value(const N& a) const {
    return softplus(negative(a)) * Scalar<N>(-1);
  }
  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& a) const {
    return {dy * logistic(negative(a))};
  }

 private:
  template <class N>
  TTT_HD N negative(const N& a) const {
    return (a + Scalar<N>(shift)) * Scalar<N>(-1);
  }
};

struct GeluOf {
  static constexpr const char* name = "gelu";

  // tanh(u) = 2 logistic(2 u) - 1
  template <class N>
  TTT_HD static N gate(const N& a) {
    return logistic((a + a * a * a * Scalar<N>(0.044715)) * Scalar<N>(1.5957691216057308));
  }
  template <class N>
  TTT_HD N value(const N& a) const {
    return a * gate(a);
  }
  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& a) const {
    using S = Scalar<N>;
    const N g = gate(a);
    const N inner = (a * a * S(0.134145) + S(1)) * S(1.5957691216057308);
    return {dy * (g + a * g * (S(1) - g) * inner)};
  }
};

struct TimesOf {
  static constexpr const char* name = "times";
  double factor = 1;  ///< a constant

  template <class N>
  TTT_HD N value(const N& a) const {
    return a * Scalar<N>(factor);
  }
  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& /*a*/) const {
    return {dy * Scalar<N>(factor)};
  }
};

struct MultiplyOf {
  static constexpr const char* name = "multiply_elements";

  template <class N>
  TTT_HD N value(const N& a, const N& b) const {
    return a * b;
  }
  template <class N>
  TTT_HD std::array<N, 2> pullback(const N& dy, const N& a, const N& b) const {
    return {dy * b, dy * a};
  }
};

struct ClampOf {
  static constexpr const char* name = "clamp";
  double least;  ///< lower bound
  double most;   ///< upper bound

  template <class N>
  TTT_HD N value(const N& a) const {
    using S = Scalar<N>;
    return inside(a, a, constant_like(a, S(least)), constant_like(a, S(most)));
  }
  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& a) const {
    const N zero = constant_like(dy, Scalar<N>(0));
    return {inside(a, dy, zero, zero)};
  }

 private:
  /// What is between the bounds, or on one of them, takes `within`.
  template <class N>
  TTT_HD N inside(const N& a, const N& within, const N& below, const N& above) const {
    using S = Scalar<N>;
    const auto& x = value_of(a);
    return where_positive(S(least) - x, below, where_positive(x - S(most), above, within));
  }
};

struct MagnitudeOf {
  static constexpr const char* name = "magnitude";

  template <class N>
  TTT_HD N value(const N& a) const {
    return signed_by(a, a);
  }
  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& a) const {
    return {signed_by(dy, a)};
  }

 private:
  template <class N>
  TTT_HD static N signed_by(const N& a, const N& x) {
    using S = Scalar<N>;
    const auto& sign = value_of(x);
    const N negative = a * S(-1);
    return where_positive(sign, a, where_positive(S(0) - sign, negative, constant_like(a, S(0))));
  }
};

}  // namespace detail

/// y = silu(a) b,    silu(a) = a / (1 + exp(-a))
///
/// \shape  a, b [rows, cols] -> [rows, cols]
/// \source Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202
using SiluGate = Elementwise<2, detail::SiluGateOf>;
/// y = a / (1 + exp(-a)) \shape a [rows, cols] -> [rows, cols]
using Silu = Elementwise<1, detail::SiluOf>;
/// y = exp(a) \shape a [rows, cols] -> [rows, cols]
using Exponential = Elementwise<1, detail::ExponentialOf>;
/// y = 1 / (1 + exp(-a)) \shape a [rows, cols] -> [rows, cols]
using Logistic = Elementwise<1, detail::LogisticOf>;
/// y = log(1 + exp(a + shift)) \shape a [rows, cols] -> [rows, cols]
using Softplus = Elementwise<1, detail::SoftplusOf>;
/// y = -log(1 + exp(-a - shift)), the logarithm of a sigmoid \shape a [rows, cols] -> [rows, cols]
using LogLogistic = Elementwise<1, detail::LogLogisticOf>;
/// y = a / 2 (1 + tanh(sqrt(2 / pi) (a + 0.044715 a^3))) \shape a [rows, cols] -> [rows, cols]
///
/// \source Hendrycks and Gimpel 2016, "Gaussian Error Linear Units (GELUs)", arXiv:1606.08415, the
///         approximation by tanh
using Gelu = Elementwise<1, detail::GeluOf>;
/// y = factor a \shape a [rows, cols] -> [rows, cols]
using TimesConstant = Elementwise<1, detail::TimesOf>;
/// y = a b, element by element \shape a, b [rows, cols] -> [rows, cols]
using Multiply = Elementwise<2, detail::MultiplyOf>;
/// Each element, but no less than `least` and no more than `most`. What is outside gets no
/// derivative; what is on a bound gets that of the inside. \shape a [rows, cols] -> [rows, cols]
using Clamp = Elementwise<1, detail::ClampOf>;
/// The absolute value; at 0 its derivative is 0. \shape a [rows, cols] -> [rows, cols]
using Magnitude = Elementwise<1, detail::MagnitudeOf>;

/// silu(a) b
template <class Left, class Right>
[[nodiscard]] auto silu_gate(const Left& a, const Right& b) {
  return apply(SiluGate{}, a, b);
}
/// x / (1 + exp(-x)) of an array
template <class X>
[[nodiscard]] auto silu(const X& x) {
  return apply(Silu{}, x);
}
/// exp(x) of an array
template <class X>
[[nodiscard]] auto exponential(const X& x) {
  return apply(Exponential{}, x);
}
/// 1 / (1 + exp(-x)) of an array
template <class X>
[[nodiscard]] auto sigmoid(const X& x) {
  return apply(Logistic{}, x);
}
/// log(1 + exp(x + shift)) of an array
template <class X>
[[nodiscard]] auto softplus_of(const X& x, double shift = 0) {
  return apply(Softplus{{.shift = shift}}, x);
}
/// log(1 / (1 + exp(-x - shift))) of an array
template <class X>
[[nodiscard]] auto log_sigmoid(const X& x, double shift = 0) {
  return apply(LogLogistic{{.shift = shift}}, x);
}
/// gelu(x), the approximation by tanh
template <class X>
[[nodiscard]] auto gelu(const X& x) {
  return apply(Gelu{}, x);
}
/// factor x of an array
template <class X>
[[nodiscard]] auto times(const X& x, double factor) {
  return apply(TimesConstant{{.factor = factor}}, x);
}
/// a b, element by element
template <class Left, class Right>
[[nodiscard]] auto multiply_elements(const Left& a, const Right& b) {
  return apply(Multiply{}, a, b);
}
/// x within bounds, element by element
template <class X>
[[nodiscard]] auto clamp(const X& x, double least, double most) {
  return apply(Clamp{{.least = least, .most = most}}, x);
}
/// |x|, element by element
template <class X>
[[nodiscard]] auto magnitude(const X& x) {
  return apply(Magnitude{}, x);
}

}  // namespace ttt
