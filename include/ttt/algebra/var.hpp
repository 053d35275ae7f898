// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/input.hpp>

#include <cstddef>
#include <memory>
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
  A cotangent{};           ///< unused in a leaf
  Target<A> target{};      ///< `cotangent`, or the sink of a leaf
  std::size_t number = 0;  ///< of the value among the tape's results
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

  /// The value, moved if nothing else holds it; without elements if this is on no tape.
  ///
  /// \pre the value, if there is one, is the tape's: of an operation, or own_constant
  [[nodiscard]] A take() && {
    if (value_.use_count() == 1) return std::move(const_cast<A&>(*value_));  // NOLINT: made as A
    return value();
  }

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

}  // namespace ttt
