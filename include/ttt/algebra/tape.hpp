// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/input.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <tuple>
#include <utility>

namespace ttt {

template <Array A>
class Tape;

/// A value on a tape: a handle, cheap to copy, valid for as long as its tape.
template <Array A>
class Var {
 public:
  Var() = default;

  [[nodiscard]] const A& value() const { return *value_; }

 private:
  friend class Tape<A>;
  template <class Op, Array B, class... Others>
  friend Var<B> record(const Op& op, const Var<B>& first, const Others&... others);

  struct Node;
  Var(Tape<A>* tape, std::shared_ptr<const A> value, Node* node)
      : tape_(tape), value_(std::move(value)), node_(node) {}

  [[nodiscard]] Input<A> input() const;

  Tape<A>* tape_ = nullptr;
  std::shared_ptr<const A> value_;
  Node* node_ = nullptr;  ///< null when no derivative is wanted
};

template <Array A>
struct Var<A>::Node {
  A cotangent;
  Target<A> target;                              ///< `cotangent`, or the sink of a leaf
  std::function<void(const A& cotangent)> pull;  ///< empty in a leaf
};

/// A record of operations, which takes cotangents back from results to leaves.
///
/// Reverse mode, first order, and nothing more: second order comes from a tape over Dual. There, a
/// leaf's sink receives the tangent half of its cotangent, and value halves are computed only where
/// a tangent needs them.
template <Array A>
class Tape {
 public:
  using Sink = Matrix<Scalar<A>>;

  Tape() = default;
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
    nodes_.push_back({.cotangent = {}, .target = target, .pull = {}});
    return {this, borrow(value), &nodes_.back()};
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
      if (node.pull && (rows(node.cotangent) > 0)) node.pull(node.cotangent);
    }
  }

  /// The most bytes of results that were alive at one time. Arrays that the caller owns do not
  /// count.
  [[nodiscard]] Index peak_bytes() const { return meter_->peak; }

 private:
  template <class Op, Array B, class... Others>
  friend Var<B> record(const Op& op, const Var<B>& first, const Others&... others);

  struct Meter {
    Index live = 0;
    Index peak = 0;
  };

  static std::shared_ptr<const A> borrow(const A& value) {
    return std::shared_ptr<const A>(std::shared_ptr<const A>(), &value);
  }

  static Index bytes(const A& a) {
    if constexpr (std::same_as<A, Sink>) {
      return a.size() * static_cast<Index>(sizeof(Scalar<A>));
    } else {
      return (a.value.size() + a.tangent.size()) * static_cast<Index>(sizeof(Scalar<A>));
    }
  }

  std::shared_ptr<const A> own(A&& value) {
    meter_->live += bytes(value);
    meter_->peak = std::max(meter_->peak, meter_->live);
    return {new A(std::move(value)), [meter = meter_](const A* a) {
              meter->live -= bytes(*a);
              delete a;
            }};
  }

  typename Var<A>::Node* append() {
    nodes_.emplace_back();
    auto& node = nodes_.back();
    if constexpr (std::same_as<A, Sink>) {
      node.target.sum = &node.cotangent;
    } else {
      node.target = {.value = &node.cotangent.value, .tangent = &node.cotangent.tangent};
    }
    return &node;
  }

  std::shared_ptr<Meter> meter_ = std::make_shared<Meter>();
  std::deque<typename Var<A>::Node> nodes_;
};

template <Array A>
Input<A> Var<A>::input() const {
  return {value_.get(), node_ == nullptr ? Target<A>{} : node_->target};
}

}  // namespace ttt
