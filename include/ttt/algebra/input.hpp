// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/product.hpp>

#include <utility>

namespace ttt {

/// Where the cotangent of one array is summed up. A pointer that is null means: not wanted.
template <class A>
struct Target;
/// One sum.
template <Storage M>
struct Target<M> {
  M* sum = nullptr;  ///< without elements while it is zero
};
/// A sum for each half, wanted or not by itself.
template <Storage M>
struct Target<Dual<M>> {
  M* value = nullptr;    ///< without elements while it is zero
  M* tangent = nullptr;  ///< likewise
};

namespace detail {

/// The view of a sum, filled with zeros if it has no elements yet; without data if there is none.
template <Storage M>
[[nodiscard]] View<Scalar<M>> sum_view(M* sum, Index rows, Index cols) {
  if (sum == nullptr) return {nullptr, rows, cols, cols};
  if (is_zero(*sum)) *sum = filled<M>(rows, cols, 0);
  return view(*sum);
}

template <Storage M>
void add_product(M* sum, const View<const Scalar<M>>& a, const View<const Scalar<M>>& b,
                 Flip flip) {
  if (sum == nullptr || a.data == nullptr || b.data == nullptr) return;
  const bool add = !is_zero(*sum);
  if (!add) {
    const auto [rows, cols] = product_shape(a, b, flip);
    *sum = M(rows, cols);
  }
  Primitives<M>::gemm(view(*sum), a, b, flip, add);
}

}  // namespace detail

/// One input of an operation, as the operation's pullback sees it: its value and shape, and where
/// to add the part of the cotangent that falls to it. Adding what is not wanted does nothing.
template <class A>
class Input;

/// An input that is a matrix.
template <Storage M>
class Input<M> {
 public:
  /// \pre value and target outlive the input; value is null if the operation does not remember it
  Input(const M* value, std::array<Index, 2> shape, Target<M> target)
      : value_(value), shape_(shape), target_(target) {}

  /// \pre the operation remembers its inputs
  [[nodiscard]] const M& value() const { return *value_; }
  [[nodiscard]] Index rows() const { return shape_[0]; }  ///< outer extent
  [[nodiscard]] Index cols() const { return shape_[1]; }  ///< inner extent
  /// Whether the cotangent is wanted.
  [[nodiscard]] bool wanted() const { return target_.sum != nullptr; }

  /// An array of the input's shape, to be written and given to `add`; without elements if the
  /// cotangent is not wanted.
  [[nodiscard]] M term() const { return wanted() ? M(rows(), cols()) : M(); }
  ///@{
  /// Adds to the cotangent.
  void add(const M& term) const {
    if (target_.sum != nullptr) add_to(*target_.sum, term);
  }
  void add(M&& term) const {
    if (target_.sum != nullptr) add_to(*target_.sum, std::move(term));
  }
  ///@}
  /// Adds f(dy), which is linear in dy.
  template <class F>
  void add_linear(const M& dy, const F& f) const {
    if (wanted() && !is_zero(dy)) add(f(dy));
  }
  /// Adds the product of two views.
  template <class V>
  void add_product(const V& a, const V& b, Flip flip = Flip::none) const {
    detail::add_product<M>(target_.sum, a, b, flip);
  }
  /// The sum itself, to be added to in parts; without data if it is not wanted.
  [[nodiscard]] View<Scalar<M>> sum() const {
    return detail::sum_view(target_.sum, shape_[0], shape_[1]);
  }

 private:
  const M* value_;
  std::array<Index, 2> shape_;
  Target<M> target_;
};

/// An input that is a dual: the halves of its cotangent are wanted or not one by one.
template <Storage M>
class Input<Dual<M>> {
  using A = Dual<M>;

 public:
  ///@{
  /// As of a matrix, for the halves that are wanted.
  Input(const A* value, std::array<Index, 2> shape, Target<A> target)
      : value_(value), shape_(shape), target_(target) {}

  [[nodiscard]] const A& value() const { return *value_; }
  [[nodiscard]] Index rows() const { return shape_[0]; }
  [[nodiscard]] Index cols() const { return shape_[1]; }
  [[nodiscard]] bool wanted() const { return target_.tangent != nullptr; }

  [[nodiscard]] A term() const {
    return {target_.value == nullptr ? M() : M(rows(), cols()),
            target_.tangent == nullptr ? M() : M(rows(), cols())};
  }
  void add(const A& term) const {
    if (target_.value != nullptr) add_to(*target_.value, term.value);
    if (target_.tangent != nullptr) add_to(*target_.tangent, term.tangent);
  }
  void add(A&& term) const {
    if (target_.value != nullptr) add_to(*target_.value, std::move(term.value));
    if (target_.tangent != nullptr) add_to(*target_.tangent, std::move(term.tangent));
  }
  template <class F>
  void add_linear(const A& dy, const F& f) const {
    if (target_.value != nullptr && !is_zero(dy.value)) add_to(*target_.value, f(dy.value));
    if (target_.tangent != nullptr && !is_zero(dy.tangent)) add_to(*target_.tangent, f(dy.tangent));
  }
  template <class V>
  void add_product(const V& a, const V& b, Flip flip = Flip::none) const {
    if (target_.tangent == nullptr) return;
    if (target_.value != nullptr) return add(multiply<A>(a, b, flip));
    const auto both = [](const auto& x, const auto& y) {
      return x.data != nullptr && y.data != nullptr;
    };
    if (!both(a.value, b.tangent) && !both(a.tangent, b.value)) return;
    const bool more = !is_zero(*target_.tangent);
    if (!more) {
      const auto [rows, cols] = product_shape(a, b, flip);
      *target_.tangent = M(rows, cols);
    }
    gemm<M>(Dual<View<Scalar<M>>>{{}, view(*target_.tangent)}, a, b, flip, more);
  }
  [[nodiscard]] Dual<View<Scalar<M>>> sum() const {
    return {detail::sum_view(target_.value, shape_[0], shape_[1]),
            detail::sum_view(target_.tangent, shape_[0], shape_[1])};
  }
  ///@}

  /// The same input where only tangents are taken back.
  [[nodiscard]] Input<M> tangent_half() const {
    return {value_ == nullptr ? nullptr : &value_->value, shape_, {.sum = target_.tangent}};
  }

 private:
  const A* value_;
  std::array<Index, 2> shape_;
  Target<A> target_;
};

}  // namespace ttt
