// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/input.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace ttt {

template <Array A>
class Tape;
template <Array A>
class Var;

namespace detail {

template <class A>
struct ScalarOf<Var<A>> : ScalarOf<A> {};

/// Where the cotangent of one value is summed up.
template <class A>
struct Cell {
  A cotangent{};          ///< unused in a leaf
  Target<A> target{};     ///< `cotangent`, or the sink of a leaf
  std::size_t number = 0; ///< of the value among the tape's results
};

///@{
/// Whether a value has a tangent; an array never has.
template <Storage M>
[[nodiscard]] bool has_tangent(const M& /*a*/) {
  return false;
}
template <Storage M>
[[nodiscard]] bool has_tangent(const Dual<M>& a) {
  return !is_zero(a.tangent);
}
///@}

/// How many arrays an operation returns: one, or as many as its std::array has.
template <class R>
inline constexpr std::size_t result_count = 1;
template <class A, std::size_t N>
inline constexpr std::size_t result_count<std::array<A, N>> = N;

template <class A>
std::span<A> as_span(A& one) {
  return {&one, 1};
}
template <class A, std::size_t N>
std::span<A> as_span(std::array<A, N>& many) {
  return many;
}

}  // namespace detail

/// A value on a tape: a handle, cheap to copy, valid for as long as its tape.
template <Array A>
class Var {
 public:
  Var() = default;

  /// Without elements if this is on no tape.
  [[nodiscard]] const A& value() const { return value_ ? *value_ : nothing(); }
  /// \pre this is on a tape
  [[nodiscard]] Tape<A>& tape() const { return *tape_; }

 private:
  friend class Tape<A>;
  Var(Tape<A>* tape, std::shared_ptr<const A> value, detail::Cell<A>* cell)
      : tape_(tape), value_(std::move(value)), cell_(cell) {}

  static const A& nothing() {
    static const A zero{};
    return zero;
  }
  [[nodiscard]] std::shared_ptr<const A> shared() const {
    return value_ ? value_ : std::shared_ptr<const A>(std::shared_ptr<const A>(), &nothing());
  }

  Tape<A>* tape_ = nullptr;
  std::shared_ptr<const A> value_;
  detail::Cell<A>* cell_ = nullptr;  ///< null when no derivative is wanted
};

/// What a tape over matrices computed, stored for a tape over duals that evaluates the same again.
template <class M>
struct Activations {
  /// What became of one value.
  struct Result {
    std::shared_ptr<M> value;  ///< of the operation
    M cotangent;               ///< without elements where no derivative was wanted
  };
  std::vector<Result> results;  ///< in the order of evaluation
};

/// A record of operations, which takes cotangents back from results to leaves.
///
/// Reverse mode, first order, and nothing more: second order comes from a tape over Dual. There, a
/// leaf's sink receives the tangent half of its cotangent, and value halves are computed only where
/// a tangent needs them. They are not computed at all by a tape that follows the activations of the
/// same evaluation over matrices, with the same seeds.
template <Array A>
class Tape {
 public:
  /// What the cotangent of a leaf is summed up in.
  using Sink = StorageOf<A>;

  Tape() = default;

  /// Over matrices, adds results and cotangents to `activations`; over duals, follows them and uses
  /// them up. They outlive the tape.
  explicit Tape(Activations<Sink>& activations) : activations_(&activations) {}

  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// A value with no derivative. `value` outlives the tape.
  [[nodiscard]] Var<A> constant(const A& value) { return {this, borrow(value), nullptr}; }

  /// A value with no derivative, which the tape takes over.
  [[nodiscard]] Var<A> own_constant(A value) { return {this, own(std::move(value)), nullptr}; }

  /// A value whose cotangent is added to `sink`. Both outlive the tape. `sink` may be without
  /// elements, which is zero.
  [[nodiscard]] Var<A> leaf(const A& value, Sink& sink) {
    auto& cell = cells_.emplace_back();
    if constexpr (Storage<A>) {
      cell.target.sum = &sink;
    } else {
      cell.target.tangent = &sink;
    }
    return {this, borrow(value), &cell};
  }

  /// Evaluates `op`, and records its pullback if an input wants a derivative. Returns a Var, or an
  /// array of them where the operation returns several arrays.
  template <class Op, class... Vars>
  [[nodiscard]] auto record(const Op& op, const Vars&... inputs) {
    using Result = decltype(op.value(inputs.value()...));
    constexpr std::size_t count = detail::result_count<Result>;
    const std::size_t first = results_;
    std::array<std::shared_ptr<const A>, count> values;
    evaluate<Result>(op, values, inputs.value()...);
    std::array<Var<A>, count> vars;
    const bool wanted = (... || (inputs.cell_ != nullptr));
    std::array<detail::Cell<A>*, count> cells{};
    for (std::size_t n = 0; n < count; ++n) {
      if (wanted) cells[n] = append(*values[n], first + n);
      vars[n] = {this, values[n], cells[n]};
    }
    if (wanted) {
      if constexpr (!Op::traits.remembers) values = {};
      pulls_.push_back(
          pullback<Result>(op, values, cells, (... || detail::has_tangent(inputs.value())),
                           Remembered{Op::traits.remembers ? inputs.shared() : nullptr,
                                      {ttt::row_count(inputs.value()), ttt::col_count(inputs.value())},
                                      inputs.cell_}...));
    }
    if constexpr (detail::result_count<Result> == 1 && std::same_as<Result, A>) {
      return vars[0];
    } else {
      return vars;
    }
  }

  /// Adds to the cotangent of a result. A result without derivative takes none.
  void seed(const Var<A>& result, A cotangent) {
    if (result.cell_ != nullptr) {
      Input<A>(nullptr, {}, result.cell_->target).add(std::move(cotangent));
    }
  }

  /// Takes every cotangent back to the leaves and forgets the record.
  void pull_back() {
    for (; !pulls_.empty(); pulls_.pop_back()) pulls_.back()();
  }

  /// The most bytes of results that were alive at one time. Arrays that the caller owns do not
  /// count.
  [[nodiscard]] Index peak_bytes() const { return meter_->peak; }

 private:
  struct Meter {
    Index live = 0;
    Index peak = 0;
  };

  /// What a pullback keeps of an input.
  struct Remembered {
    std::shared_ptr<const A> value;  ///< null if the operation does not remember it
    std::array<Index, 2> shape;
    detail::Cell<A>* cell;

    [[nodiscard]] Input<A> input() const {
      return {value.get(), shape, cell == nullptr ? Target<A>{} : cell->target};
    }
  };

  static std::shared_ptr<const A> borrow(const A& value) {
    return std::shared_ptr<const A>(std::shared_ptr<const A>(), &value);
  }

  /// The pullback of `op` with what it remembers. It does nothing while no result has a cotangent.
  template <class Result, class Op, std::size_t N, class... Inputs>
  std::function<void()> pullback(const Op& op, std::array<std::shared_ptr<const A>, N> values,
                                 std::array<detail::Cell<A>*, N> cells, bool tangents,
                                 Inputs... inputs) {
    return [=, this, values = std::move(values)]() {
      if (std::ranges::all_of(cells, [](const auto* cell) {
            return ttt::row_count(cell->cotangent) == 0;
          })) {
        return;
      }
      if constexpr (Storage<A>) {
        pull<Result>(op, values, cells, inputs.input()...);
      } else if (tangents) {
        pull<Result>(op, values, cells, inputs.input()...);
      } else {
        pull_tangents<Result>(op, values, cells, inputs.input()...);
      }
      finish(cells);
    };
  }

  template <class Result, class Op, std::size_t N, class... Inputs>
  static void pull(const Op& op, const std::array<std::shared_ptr<const A>, N>& values,
                   const std::array<detail::Cell<A>*, N>& cells, const Inputs&... inputs) {
    const A nothing{};
    if constexpr (std::same_as<Result, A>) {
      op.pullback(values[0] ? *values[0] : nothing, cells[0]->cotangent, inputs...);
    } else {
      std::array<const A*, N> y;
      std::array<const A*, N> dy;
      for (std::size_t n = 0; n < N; ++n) {
        y[n] = values[n] ? values[n].get() : &nothing;
        dy[n] = &cells[n]->cotangent;
      }
      op.pullback(y, dy, inputs...);
    }
  }

  /// Without tangents among the inputs, the tangent half of a cotangent goes back by itself.
  template <class Result, class Op, std::size_t N, class... Inputs>
  static void pull_tangents(const Op& op, const std::array<std::shared_ptr<const A>, N>& values,
                            const std::array<detail::Cell<A>*, N>& cells,
                            const Inputs&... inputs) {
    const Sink nothing{};
    std::array<const Sink*, N> y;
    std::array<const Sink*, N> dy;
    bool any_tangent = false;
    for (std::size_t n = 0; n < N; ++n) {
      y[n] = values[n] ? &values[n]->value : &nothing;
      dy[n] = &cells[n]->cotangent.tangent;
      any_tangent = any_tangent || !is_zero(*dy[n]);
    }
    if (!any_tangent) return;
    if constexpr (std::same_as<Result, A>) {
      op.pullback(*y[0], *dy[0], inputs.tangent_half()...);
    } else {
      op.pullback(y, dy, inputs.tangent_half()...);
    }
  }

  /// Lets go of cotangents, or hands them to the activations.
  template <std::size_t N>
  void finish(const std::array<detail::Cell<A>*, N>& cells) {
    for (detail::Cell<A>* cell : cells) {
      if constexpr (Storage<A>) {
        if (activations_ != nullptr) {
          activations_->results[cell->number].cotangent = std::move(cell->cotangent);
        }
      }
      cell->cotangent = {};
    }
  }

  static Index bytes(const A& a) {
    constexpr auto size = static_cast<Index>(sizeof(Scalar<A>));
    if constexpr (Storage<A>) {
      return a.rows() * a.cols() * size;
    } else {
      return (a.value.rows() * a.value.cols() + a.tangent.rows() * a.tangent.cols()) * size;
    }
  }

  /// The values of an operation, as far as they are not known from activations.
  template <class Result, class Op, std::size_t N, class... As>
  void evaluate(const Op& op, std::array<std::shared_ptr<const A>, N>& values, const As&... in) {
    const std::size_t first = results_;
    results_ += N;
    if constexpr (Storage<A>) {
      Result result = op.value(in...);
      const auto all = detail::as_span(result);
      for (std::size_t n = 0; n < N; ++n) {
        std::shared_ptr<A> value = own(std::move(all[n]));
        if (activations_ != nullptr) activations_->results.push_back({value, {}});
        values[n] = std::move(value);
      }
    } else if (activations_ == nullptr) {
      if ((... || detail::has_tangent(in))) {
        Result result = op.value(in...);
        const auto all = detail::as_span(result);
        for (std::size_t n = 0; n < N; ++n) values[n] = own(std::move(all[n]));
      } else {
        auto result = op.value(in.value...);
        const auto all = detail::as_span(result);
        for (std::size_t n = 0; n < N; ++n) values[n] = own({std::move(all[n]), {}});
      }
    } else {
      follow<Result>(op, first, values, in...);
    }
  }

  /// The values of an operation whose value halves are known.
  template <class Result, class Op, std::size_t N, class... As>
  void follow(const Op& op, std::size_t first, std::array<std::shared_ptr<const A>, N>& values,
              const As&... in) {
    const auto known = [&](std::size_t n) { return std::move(*activations_->results[first + n].value); };
    if (!(... || detail::has_tangent(in))) {
      for (std::size_t n = 0; n < N; ++n) values[n] = own({known(n), {}});
    } else if constexpr (Op::traits.tangent) {
      auto tangents = op.tangent(in...);
      const auto all = detail::as_span(tangents);
      for (std::size_t n = 0; n < N; ++n) values[n] = own({known(n), std::move(all[n])});
    } else {
      Result result = op.value(in...);
      const auto all = detail::as_span(result);
      for (std::size_t n = 0; n < N; ++n) values[n] = own(std::move(all[n]));
    }
  }

  std::shared_ptr<A> own(A&& value) {
    meter_->live += bytes(value);
    meter_->peak = std::max(meter_->peak, meter_->live);
    return {new A(std::move(value)), [meter = meter_](const A* a) {
              meter->live -= bytes(*a);
              delete a;
            }};
  }

  /// A cell for a result. Below one without tangent, value halves are of no use.
  detail::Cell<A>* append(const A& result, std::size_t number) {
    auto& cell = cells_.emplace_back();
    cell.number = number;
    if constexpr (Storage<A>) {
      cell.target.sum = &cell.cotangent;
    } else {
      cell.target.tangent = &cell.cotangent.tangent;
      if (activations_ != nullptr) {
        cell.cotangent.value = std::move(activations_->results[number].cotangent);
      } else if (!is_zero(result.tangent)) {
        cell.target.value = &cell.cotangent.value;
      }
    }
    return &cell;
  }

  Activations<Sink>* activations_ = nullptr;
  std::size_t results_ = 0;  ///< evaluated so far
  std::shared_ptr<Meter> meter_ = std::make_shared<Meter>();
  std::deque<detail::Cell<A>> cells_;
  std::vector<std::function<void()>> pulls_;
};

}  // namespace ttt
