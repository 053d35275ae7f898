// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/input.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace ttt::detail {

/// How many arrays an operation returns: one, or as many as its std::array has.
template <class R>
inline constexpr std::size_t result_count = 1;
template <class A, std::size_t N>
inline constexpr std::size_t result_count<std::array<A, N>> = N;

/// An operation of any type on arrays of A, so that a tape is compiled once for all of them.
///
/// `in` has a pointer for each input, `y` and `dy` one for each result.
template <Array A>
class AnyOperation {
 public:
  using M = StorageOf<A>;  ///< what arrays are made of

  virtual ~AnyOperation() = default;
  /// The same operation with a life of its own.
  [[nodiscard]] virtual std::unique_ptr<AnyOperation> clone() const = 0;
  /// See OperationTraits.
  [[nodiscard]] virtual bool remembers() const = 0;
  /// See OperationTraits.
  [[nodiscard]] virtual bool has_tangent() const = 0;
  /// Writes the results.
  virtual void value(std::span<const A* const> in, std::span<A> out) const = 0;
  /// Adds the cotangents of the inputs.
  virtual void pullback(std::span<const A* const> y, std::span<const A* const> dy,
                        std::span<const Input<A>> in) const = 0;
  ///@{
  /// Of duals: on value halves alone; the tangent halves of the results; for tangent halves alone.
  virtual void half_value(std::span<const M* const> in, std::span<M> out) const = 0;
  virtual void tangent(std::span<const A* const> in, std::span<M> out) const = 0;
  virtual void half_pullback(std::span<const M* const> y, std::span<const M* const> dy,
                             std::span<const Input<M>> in) const = 0;
  ///@}

 protected:
  AnyOperation() = default;
  AnyOperation(const AnyOperation&) = default;
  AnyOperation& operator=(const AnyOperation&) = default;
};

/// Moves what an operation returned to `out`.
template <class A>
void put(A&& one, std::span<A> out) {
  out[0] = std::forward<A>(one);
}
template <class A, std::size_t N>
void put(std::array<A, N>&& several, std::span<A> out) {
  for (std::size_t n = 0; n < N; ++n) out[n] = std::move(several[n]);
}

/// Op, with N inputs, as an AnyOperation.
template <class Op, Array A, std::size_t N>
class OperationOnArrays final : public AnyOperation<A> {
  using M = StorageOf<A>;

 public:
  explicit OperationOnArrays(const Op& op) : op_(op) {}

  [[nodiscard]] std::unique_ptr<AnyOperation<A>> clone() const override {
    return std::make_unique<OperationOnArrays>(*this);
  }
  [[nodiscard]] bool remembers() const override { return Op::traits.remembers; }
  [[nodiscard]] bool has_tangent() const override { return Op::traits.tangent; }

  void value(std::span<const A* const> in, std::span<A> out) const override {
    with([&](auto... n) { put(op_.value(*in[n]...), out); });
  }
  void half_value(std::span<const M* const> in, std::span<M> out) const override {
    if constexpr (!Storage<A>) with([&](auto... n) { put(op_.value(*in[n]...), out); });
  }
  void tangent(std::span<const A* const> in, std::span<M> out) const override {
    if constexpr (!Storage<A> && Op::traits.tangent) {
      with([&](auto... n) { put(op_.tangent(*in[n]...), out); });
    }
  }
  void pullback(std::span<const A* const> y, std::span<const A* const> dy,
                std::span<const Input<A>> in) const override {
    pull<A>(y, dy, in);
  }
  void half_pullback(std::span<const M* const> y, std::span<const M* const> dy,
                     std::span<const Input<M>> in) const override {
    if constexpr (!Storage<A>) pull<M>(y, dy, in);
  }

 private:
  template <class F>
  static void with(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { f(I...); }
    (std::make_index_sequence<N>());
  }

  template <Array B>
  void pull(std::span<const B* const> y, std::span<const B* const> dy,
            std::span<const Input<B>> in) const {
    with([&](auto... n) {
      using Result = decltype(op_.value(in[n].value()...));
      if constexpr (std::same_as<Result, B>) {
        op_.pullback(*y[0], *dy[0], in[n]...);
      } else {
        std::array<const B*, result_count<Result>> all_y{};
        std::array<const B*, result_count<Result>> all_dy{};
        for (std::size_t i = 0; i < all_y.size(); ++i) {
          all_y[i] = y[i];
          all_dy[i] = dy[i];
        }
        op_.pullback(all_y, all_dy, in[n]...);
      }
    });
  }

  Op op_;
};

}  // namespace ttt::detail
