// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/context.hpp>

#include <map>
#include <string>
#include <vector>

namespace ttt::detail {

/// The terms that layers emitted while a text was read: of each name, the mean of all elements,
/// each times the weight that it was emitted with.
template <Storage M>
class Auxiliary {
 public:
  /// Takes terms into account; all of a text before the first seed.
  void note(const AuxiliaryLosses<Var<M>>& losses) {
    for (const auto& term : losses.terms) {
      Sum& sum = sums_[term.name];
      for (const double number : numbers(term.rows.value())) {
        sum.total += term.weight * number;
        ++sum.count;
      }
    }
  }

  /// Seeds the cotangents of terms.
  void seed(Tape<M>& tape, const AuxiliaryLosses<Var<M>>& losses) const {
    for (const auto& term : losses.terms) tape.seed(term.rows, cotangent(term));
  }
  /// Seeds the tangent halves.
  void seed(Tape<Dual<M>>& tape, const AuxiliaryLosses<Var<Dual<M>>>& losses) const {
    for (const auto& term : losses.terms) tape.seed(term.rows, {{}, cotangent(term)});
  }

  /// What the terms add to the loss.
  [[nodiscard]] double loss() const {
    double all = 0;
    for (const auto& [name, sum] : sums_) {
      if (sum.count > 0) all += sum.total / static_cast<double>(sum.count);
    }
    return all;
  }

 private:
  struct Sum {
    double total = 0;
    Index count = 0;
  };

  /// Without rows where the term has none.
  [[nodiscard]] M cotangent(const auto& term) const {
    const Index rows = row_count(term.rows);
    if (rows == 0) return {};
    return filled<M>(rows, col_count(term.rows),
                     term.weight / static_cast<double>(sums_.at(term.name).count));
  }

  std::map<std::string, Sum> sums_;
};

}  // namespace ttt::detail
