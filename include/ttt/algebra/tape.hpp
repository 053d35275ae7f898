// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/input.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
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
}  // namespace detail

/// A value on a tape: a handle, cheap to copy, valid for as long as its tape.
template <Array A>
class Var {
 public:
  Var() = default;

  /// \pre this is on a tape
  [[nodiscard]] const A& value() const { return *value_; }
  /// \pre this is on a tape
  [[nodiscard]] Tape<A>& tape() const { return *tape_; }

 private:
  friend class Tape<A>;
  struct Node {
    A cotangent;
    Target<A> target;                              ///< `cotangent`, or the sink of a leaf
    std::function<void(const A& cotangent)> pull;  ///< empty in a leaf
    std::size_t result = 0;                        ///< its number among the tape's results
  };
  Var(Tape<A>* tape, std::shared_ptr<const A> value, Node* node)
      : tape_(tape), value_(std::move(value)), node_(node) {}

  [[nodiscard]] Input<A> input() const;
  [[nodiscard]] Var without_value() const { return {tape_, nullptr, node_}; }

  Tape<A>* tape_ = nullptr;
  std::shared_ptr<const A> value_;
  Node* node_ = nullptr;  ///< null when no derivative is wanted
};

namespace detail {

template <class S, class... Others>
[[nodiscard]] bool has_tangent(const Matrix<S>& /*first*/, const Others&... /*others*/) {
  return false;
}
template <class S, class... Others>
[[nodiscard]] bool has_tangent(const Dual<Matrix<S>>& first, const Others&... others) {
  return !is_zero(first.tangent) || (... || !is_zero(others.tangent));
}

/// The value of an operation. Where no input has a tangent, the result has none.
template <class Op, class S, class... Others>
[[nodiscard]] Matrix<S> evaluate(const Op& op, const Matrix<S>& first, const Others&... others) {
  return op.value(first, others...);
}
template <class Op, class S, class... Others>
[[nodiscard]] Dual<Matrix<S>> evaluate(const Op& op, const Dual<Matrix<S>>& first,
                                       const Others&... others) {
  if (has_tangent(first, others...)) return op.value(first, others...);
  return {op.value(first.value, others.value...), {}};
}

}  // namespace detail

/// What a tape over matrices computed, kept for a tape over duals that evaluates the same again.
template <class M>
struct Recording {
  /// What became of one operation.
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
/// a tangent needs them. They are not computed at all by a tape that follows a recording of the
/// same evaluation over matrices, with the same seeds.
template <Array A>
class Tape {
 public:
  /// What the cotangent of a leaf is summed up in.
  using Sink = Matrix<Scalar<A>>;

  Tape() = default;

  /// Over matrices, adds results and cotangents to `recording`; over duals, follows it and uses it
  /// up. It outlives the tape.
  explicit Tape(Recording<Sink>& recording) : recording_(&recording) {}

  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// A value with no derivative. `value` outlives the tape.
  [[nodiscard]] Var<A> constant(const A& value) { return {this, borrow(value), nullptr}; }

  /// A value whose cotangent is added to `sink`. Both outlive the tape. `sink` may be without
  /// elements, which is zero.
  [[nodiscard]] Var<A> leaf(const A& value, Sink& sink) {
    Target<A> target;
    if constexpr (std::same_as<A, Sink>) {
      target.sum = &sink;
    } else {
      target.tangent = &sink;
    }
    nodes_.push_back({.cotangent = {}, .target = target, .pull = {}, .result = 0});
    return {this, borrow(value), &nodes_.back()};
  }

  /// Evaluates `op`, and records its pullback if an input wants a derivative.
  template <class Op, class... Others>
  [[nodiscard]] Var<A> record(const Op& op, const Var<A>& first, const Others&... others) {
    const std::shared_ptr<const A> value = evaluate(op, first.value(), others.value()...);
    if (first.node_ == nullptr && (... && (others.node_ == nullptr))) {
      return {this, value, nullptr};
    }
    auto* const node = append(*value);
    if constexpr (Op::remembers) {
      node->pull = pullback(op, value, detail::has_tangent(first.value(), others.value()...), first,
                            others...);
    } else {
      node->pull = pullback(op, nullptr, detail::has_tangent(first.value(), others.value()...),
                            first.without_value(), others.without_value()...);
    }
    return {this, value, node};
  }

  /// Adds to the cotangent of a result. A result without derivative takes none.
  void seed(const Var<A>& result, A cotangent) {
    if (result.node_ != nullptr) {
      Input<A>(result.value_.get(), result.node_->target).add(std::move(cotangent));
    }
  }

  /// Takes every cotangent back to the leaves and forgets the record.
  void pull_back() {
    for (; !nodes_.empty(); nodes_.pop_back()) {
      auto& node = nodes_.back();
      if (node.pull && rows(node.cotangent) > 0) {
        node.pull(node.cotangent);
        if constexpr (std::same_as<A, Sink>) {
          if (recording_ != nullptr) {
            recording_->results[node.result].cotangent = std::move(node.cotangent);
          }
        }
      }
    }
  }

  /// The most bytes of results that were alive at one time. Arrays that the caller owns do not
  /// count.
  [[nodiscard]] Index peak_bytes() const { return meter_->peak; }

 private:
  struct Meter {
    Index live = 0;
    Index peak = 0;
  };

  static std::shared_ptr<const A> borrow(const A& value) {
    return std::shared_ptr<const A>(std::shared_ptr<const A>(), &value);
  }

  /// The pullback of `op` with what it remembers, as a function of the cotangent.
  template <class Op, class... Inputs>
  static auto pullback(const Op& op, std::shared_ptr<const A> output, bool tangents,
                       const Inputs&... inputs) {
    return [=, output = std::move(output)](const A& cotangent) {
      const A nothing{};
      const A& out = output ? *output : nothing;
      if constexpr (std::same_as<A, Sink>) {
        op.pullback(out, cotangent, inputs.input()...);
      } else if (tangents) {
        op.pullback(out, cotangent, inputs.input()...);
      } else if (!is_zero(cotangent.tangent)) {
        // Without tangents among the inputs, the tangent half goes back by itself.
        op.pullback(out.value, cotangent.tangent, inputs.input().tangent_half()...);
      }
    };
  }

  static Index bytes(const A& a) {
    if constexpr (std::same_as<A, Sink>) {
      return a.size() * static_cast<Index>(sizeof(Scalar<A>));
    } else {
      return (a.value.size() + a.tangent.size()) * static_cast<Index>(sizeof(Scalar<A>));
    }
  }

  /// The value of an operation, as far as it is not known from a recording.
  template <class Op, class... Others>
  std::shared_ptr<const A> evaluate(const Op& op, const A& first, const Others&... others) {
    const std::size_t number = results_++;
    if constexpr (std::same_as<A, Sink>) {
      const std::shared_ptr<A> value = own(op.value(first, others...));
      if (recording_ != nullptr) recording_->results.push_back({value, {}});
      return value;
    } else {
      if (recording_ == nullptr) return own(detail::evaluate(op, first, others...));
      Sink& known = *recording_->results[number].value;
      if (!detail::has_tangent(first, others...)) return own({std::move(known), {}});
      if constexpr (requires { op.tangent(first, others...); }) {
        return own({std::move(known), op.tangent(first, others...)});
      } else {
        return own(op.value(first, others...));
      }
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

  /// A node for the latest result. Below one without tangent, value halves are of no use.
  typename Var<A>::Node* append(const A& result) {
    nodes_.emplace_back();
    auto& node = nodes_.back();
    node.result = results_ - 1;
    if constexpr (std::same_as<A, Sink>) {
      node.target.sum = &node.cotangent;
    } else {
      node.target.tangent = &node.cotangent.tangent;
      if (recording_ != nullptr) {
        node.cotangent.value = std::move(recording_->results[node.result].cotangent);
      } else if (!is_zero(result.tangent)) {
        node.target.value = &node.cotangent.value;
      }
    }
    return &node;
  }

  Recording<Sink>* recording_ = nullptr;
  std::size_t results_ = 0;  ///< evaluated so far
  std::shared_ptr<Meter> meter_ = std::make_shared<Meter>();
  std::deque<typename Var<A>::Node> nodes_;
};

template <Array A>
Input<A> Var<A>::input() const {
  return {value_.get(), node_ == nullptr ? Target<A>{} : node_->target};
}

}  // namespace ttt
