// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/clip.hpp>
#include <ttt/algebra/several.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// Adam with decoupled weight decay, after clipping of the gradient's global norm.
///
///   g = g min(1, max_norm / |g|)
///   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
///   p = p - rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay p)
///
/// The weight decay of an array that a tree marks as undecayed is 0.
///
/// \source Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101;
///         the defaults from arXiv:2512.23675
struct AdamW {
  double beta1 = 0.9;                 ///< how much of m stays in each step
  double beta2 = 0.95;                ///< how much of v stays in each step
  double epsilon = 1e-8;              ///< keeps a step without gradients finite
  double weight_decay = 0.1;          ///< norms and embedding included; not of undecayed arrays
  double max_norm = 1;                ///< of the gradient; 0 leaves the norm free
  std::vector<std::string> frozen{};  ///< tensors whose name contains one of these stay as they are

  /// The optimiser state; a value that belongs to the caller.
  template <class Params>
  struct State {
    Params mean;      ///< m; without elements before the first step
    Params square;    ///< v; likewise
    Index steps = 0;  ///< taken
  };

  /// The global norm of a gradient, frozen tensors left out.
  template <template <class> class T, Storage M>
  [[nodiscard]] double norm(const T<M>& gradient) const {
    std::vector<DotArguments<Scalar<M>>> several;
    for (const auto& [leaf, g] : parts_of(gradient).arrays) {
      if (!is_frozen(leaf)) several.push_back({view(*g), view(*g)});
    }
    double squares = 0;
    for (const double square : dots<M>(several)) squares += square;
    return std::sqrt(squares);
  }

  /// Takes one step; returns the gradient's norm before the clip. Frozen tensors count neither in
  /// the norm nor in the state.
  ///
  /// \shape  params and gradient are trees of one form and shape
  /// \throws NumberError, naming step and tensor, if a number of a parameter or of the state would
  ///         not be finite; both are then untouched.
  /// \cost   two passes over parameters, gradient and state, of which the first only checks, and
  ///         one for the norm; for the check, memory as for the parameters
  template <template <class> class T, Storage M>
  double step(T<M>& params, const T<M>& gradient, State<T<M>>& state, double rate) const {
    const double size = norm(gradient);
    const auto t = static_cast<double>(state.steps + 1);
    const Update update{.scale = clip_scale(max_norm, size),
                        .beta1 = beta1,
                        .beta2 = beta2,
                        .unbias_mean = 1.0 / (1.0 - std::pow(beta1, t)),
                        .unbias_square = 1.0 / (1.0 - std::pow(beta2, t)),
                        .epsilon = epsilon,
                        .weight_decay = weight_decay,
                        .rate = rate};
    expect_finite(update, params, gradient, state);
    ++state.steps;
    Arguments<MapArguments<Scalar<M>, 3, 4>> several;
    for_each_array(
        [&](const Leaf& leaf, M& p, const M& g, M& m, M& v) {
          if (is_frozen(leaf) || is_zero(p)) return;
          if (is_zero(m)) m = filled<M>(p.rows(), p.cols(), 0);
          if (is_zero(v)) v = filled<M>(p.rows(), p.cols(), 0);
          several.of(leaf).push_back(
              {{view(p), view(m), view(v)}, {view(p), view(g), view(m), view(v)}});
        },
        params, gradient, state.mean, state.square);
    several.for_each(update,
                     [](const Update& own, const auto& arrays) { map_several<M>(own, arrays); });
    return size;
  }

 public:  // because kernels of a device are named after them
  /// The step of one element.
  struct Update {
    double scale, beta1, beta2, unbias_mean, unbias_square, epsilon, weight_decay, rate;

    template <class N>
    TTT_HD std::array<N, 3> operator()(const N& p, const N& raw, const N& m, const N& v) const {
      using S = Scalar<N>;
      const N g = raw * S(scale);
      const N mean = m * S(beta1) + g * S(1 - beta1);
      const N square = v * S(beta2) + g * g * S(1 - beta2);
      const N step =
          mean * S(unbias_mean) * reciprocal(square_root(square * S(unbias_square)) + S(epsilon)) +
          p * S(weight_decay);
      return {p - step * S(rate), mean, square};
    }
  };

  /// 0 where the step of one element is finite, and no number elsewhere.
  struct Defect {
    Update update;

    template <class N>
    TTT_HD N operator()(const N& p, const N& raw, const N& m, const N& v) const {
      using S = Scalar<N>;
      const auto [next, mean, square] = update(p, raw, m, v);
      return next * S(0) + mean * S(0) + square * S(0);
    }
  };

 private:
  /// Arguments of arrays that decay, and of those that do not.
  template <class A>
  struct Arguments {
    std::vector<A> decayed, undecayed;

    [[nodiscard]] std::vector<A>& of(const Leaf& leaf) {
      return leaf.undecayed ? undecayed : decayed;
    }

    /// Calls visit(update, arguments) for those that there are.
    template <class Visit>
    void for_each(Update update, Visit&& visit) const {
      if (!decayed.empty()) visit(update, decayed);
      update.weight_decay = 0;
      if (!undecayed.empty()) visit(update, undecayed);
    }
  };

  template <template <class> class T, Storage M>
  void expect_finite(const Update& update, const T<M>& params, const T<M>& gradient,
                     const State<T<M>>& state) const {
    std::vector<std::string> names;
    std::vector<M> made;  // so that their addresses stay, in an order that is reserved
    Arguments<MapArguments<Scalar<M>, 1, 4>> several;
    std::vector<DotArguments<Scalar<M>>> squares;
    made.reserve(3 * parts_of(params).arrays.size());
    const auto number = [&](const M& moment, const M& like) {
      if (!is_zero(moment)) return view(moment);
      made.push_back(filled<M>(like.rows(), like.cols(), 0));
      return view(std::as_const(made.back()));
    };
    for_each_array(
        [&](const Leaf& leaf, const M& p, const M& g, const M& m, const M& v) {
          if (is_frozen(leaf) || is_zero(p)) return;
          names.push_back(leaf.name);
          made.emplace_back(p.rows(), p.cols());
          const auto defect = view(made.back());
          several.of(leaf).push_back({{defect}, {view(p), view(g), number(m, p), number(v, p)}});
          squares.push_back({defect, defect});
        },
        params, gradient, state.mean, state.square);
    several.for_each(
        update, [](const Update& own, const auto& arrays) { map_several<M>(Defect{own}, arrays); });
    const std::vector<double> sizes = dots<M>(squares);
    for (std::size_t n = 0; n < sizes.size(); ++n) {
      if (std::isfinite(sizes[n])) continue;
      throw NumberError("AdamW: step " + std::to_string(state.steps) + ": " + names[n] +
                        " would not be finite");
    }
  }

  [[nodiscard]] bool is_frozen(const Leaf& leaf) const {
    return std::ranges::any_of(
        frozen, [&](const std::string& part) { return leaf.name.find(part) != std::string::npos; });
  }
};

}  // namespace ttt
