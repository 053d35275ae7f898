// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// What a tree holds besides arrays, whatever its elements are. No derivative is taken of it; a
/// tree that is made from another has a copy; a file holds it as a table of numbers.
class AnyMetadata {
 public:
  AnyMetadata() = default;
  /// As of a value.
  AnyMetadata(const AnyMetadata&) = default;
  /// As of a value.
  AnyMetadata(AnyMetadata&&) = default;
  /// As of a value.
  AnyMetadata& operator=(const AnyMetadata&) = default;
  /// As of a value.
  AnyMetadata& operator=(AnyMetadata&&) = default;
  virtual ~AnyMetadata() = default;

  /// Copies elements of the same type.
  virtual void assign(const AnyMetadata& from) = 0;
  /// How many elements there are.
  [[nodiscard]] virtual Index count() const = 0;
  /// How many numbers an element is.
  [[nodiscard]] virtual Index fields() const = 0;
  /// The numbers of all elements, one element after another.
  [[nodiscard]] virtual std::vector<double> table() const = 0;
  /// Takes elements from a table.
  ///
  /// \throws RangeError if a number that counts is negative or not whole, or one is not finite.
  virtual void set_table(const std::vector<double>& table) = 0;
};

namespace detail {

/// Calls on(number) for each number that an element is.
template <class E>
void for_each_field(E& element, auto&& on) {
  if constexpr (requires { std::remove_const_t<E>::visit_fields(element, on); }) {
    std::remove_const_t<E>::visit_fields(element, on);
  } else {
    on(element);
  }
}

struct ToTable {
  std::vector<double>& table;
  void operator()(const auto& field) const { table.push_back(static_cast<double>(field)); }
};

struct FromTable {
  const std::vector<double>& table;
  std::size_t& next;

  template <class Field>
  void operator()(Field& field) const {
    const double number = table[next++];
    if (!std::isfinite(number)) throw RangeError("metadata must be finite");
    if constexpr (std::integral<Field>) {
      if (!(number >= 0 && number < 0x1p53 && number == std::floor(number))) {
        throw RangeError("metadata must count in whole numbers, got " + std::to_string(number));
      }
    }
    field = static_cast<Field>(number);
  }
};

}  // namespace detail

/// A vector of E in a tree. E is a number, or a struct that lists its numbers:
///
///   static void visit_fields(auto& element, auto&& on) { on(element.position); on(element.score);
///   }
template <class E>
class Metadata : public std::vector<E>, public AnyMetadata {
 public:
  using std::vector<E>::vector;
  Metadata() = default;

  void assign(const AnyMetadata& from) override {
    static_cast<std::vector<E>&>(*this) =
        static_cast<const std::vector<E>&>(dynamic_cast<const Metadata&>(from));
  }
  using std::vector<E>::assign;

  [[nodiscard]] Index count() const override { return std::ssize(*this); }
  [[nodiscard]] Index fields() const override {
    Index number = 0;
    E element{};
    detail::for_each_field(element, [&](const auto& /*field*/) { ++number; });
    return number;
  }
  [[nodiscard]] std::vector<double> table() const override {
    std::vector<double> all;
    for (const E& element : *this) detail::for_each_field(element, detail::ToTable{all});
    return all;
  }
  void set_table(const std::vector<double>& table) override {
    std::vector<E> elements;
    for (std::size_t next = 0; next < table.size();) {
      E element{};
      detail::for_each_field(element, detail::FromTable{table, next});
      elements.push_back(std::move(element));
    }
    static_cast<std::vector<E>&>(*this) = std::move(elements);
  }
};

}  // namespace ttt
