// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/product.hpp>

#include <span>
#include <utility>

namespace ttt {

/// Where the cotangent of one array is summed up. A pointer that is null means: not wanted.
template <class A>
struct Target;
/// One sum.
template <class S>
struct Target<Matrix<S>> {
  Matrix<S>* sum = nullptr;  ///< without elements while it is zero
};
/// A sum for each half, wanted or not by itself.
template <class S>
struct Target<Dual<Matrix<S>>> {
  Matrix<S>* value = nullptr;    ///< without elements while it is zero
  Matrix<S>* tangent = nullptr;  ///< likewise
};

namespace detail {

template <class S>
void add_to(Matrix<S>* target, Matrix<S>&& term) {
  if (target == nullptr || is_zero(term)) return;
  if (is_zero(*target)) {
    *target = std::move(term);
  } else {
    *target += term;
  }
}

/// Adds row t of `term` to row tokens[t] of `target`, which has `count` rows.
template <class S>
void scatter_to(Matrix<S>* target, Index count, std::span<const Token> tokens,
                const Matrix<S>& term) {
  if (target == nullptr || is_zero(term)) return;
  if (is_zero(*target)) target->setZero(count, term.cols());
  for (Index t = 0; t < term.rows(); ++t) {
    target->row(tokens[static_cast<std::size_t>(t)]) += term.row(t);
  }
}

}  // namespace detail

/// One input of an operation, as the operation's pullback sees it: its value, and where to add the
/// part of the cotangent that falls to it.
template <class A>
class Input;

/// An input that is a matrix.
template <class S>
class Input<Matrix<S>> {
 public:
  /// \pre value and target outlive the input; value is null if the operation does not remember it
  Input(const Matrix<S>* value, Target<Matrix<S>> target) : value_(value), target_(target) {}

  /// \pre the operation remembers its inputs
  [[nodiscard]] const Matrix<S>& value() const { return *value_; }
  /// Whether anybody wants the cotangent; adding what nobody wants does nothing.
  [[nodiscard]] bool wanted() const { return target_.sum != nullptr; }

  /// Adds to the cotangent.
  void add(Matrix<S> term) const { detail::add_to(target_.sum, std::move(term)); }

  /// Adds left * right; either may be `transposed`.
  template <class Left, class Right>
  void add_product(const Left& left, const Right& right) const {
    product_into(target_.sum, left, right);
  }

  /// The product, for a part of what is to be added.
  template <class Left, class Right>
  [[nodiscard]] Matrix<S> part(const Left& left, const Right& right) const {
    return product<Matrix<S>>(left, right);
  }

  /// Adds row t of `term` to row tokens[t].
  void add_rows(std::span<const Token> tokens, const Matrix<S>& term) const {
    detail::scatter_to(target_.sum, value().rows(), tokens, term);
  }

 private:
  const Matrix<S>* value_;
  Target<Matrix<S>> target_;
};

/// An input that is a dual: the halves of its cotangent are wanted or not one by one.
template <class S>
class Input<Dual<Matrix<S>>> {
  using A = Dual<Matrix<S>>;

 public:
  ///@{
  /// As of a matrix, for the halves that are wanted.
  Input(const A* value, Target<A> target) : value_(value), target_(target) {}

  [[nodiscard]] const A& value() const { return *value_; }
  [[nodiscard]] bool wanted() const { return target_.tangent != nullptr; }

  void add(A term) const {
    detail::add_to(target_.value, std::move(term.value));
    detail::add_to(target_.tangent, std::move(term.tangent));
  }
  template <class Left, class Right>
  void add_product(const Left& left, const Right& right) const {
    product_into(target_.value, target_.tangent, left, right);
  }
  template <class Left, class Right>
  [[nodiscard]] A part(const Left& left, const Right& right) const {
    A result;
    product_into(target_.value == nullptr ? nullptr : &result.value, &result.tangent, left, right);
    return result;
  }
  void add_rows(std::span<const Token> tokens, const A& term) const {
    detail::scatter_to(target_.value, rows(value()), tokens, term.value);
    detail::scatter_to(target_.tangent, rows(value()), tokens, term.tangent);
  }
  ///@}

  /// The same input where only tangents are taken back.
  [[nodiscard]] Input<Matrix<S>> tangent_half() const {
    return {value_ == nullptr ? nullptr : &value_->value, {.sum = target_.tangent}};
  }

 private:
  const A* value_;
  Target<A> target_;
};

}  // namespace ttt
