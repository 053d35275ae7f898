// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/context.hpp>

#include <map>
#include <string>
#include <vector>

namespace ttt::detail {

/// The terms that layers emitted while a text was read: of each name, weight times the mean of all
/// elements.
template <Storage M>
class Auxiliary {
 public:
  /// Takes terms into account; all of a text before the first seed.
  void note(const AuxiliaryLosses<Var<M>>& losses) {
    for (const auto& term : losses.terms) {
      Sum& sum = sums_[term.name];
      sum.weight = term.weight;
      for (const double number : numbers(term.rows.value())) {
        sum.total += number;
        ++sum.count;
      }
    }
  }

  /// Seeds the cotangents of terms.
  void seed(Tape<M>& tape, const AuxiliaryLosses<Var<M>>& losses) const {
    for (const auto& term : losses.terms) {
      tape.seed(term.rows, cotangent(term.name, term.rows.value().rows()));
    }
  }
  /// Seeds the tangent halves.
  void seed(Tape<Dual<M>>& tape, const AuxiliaryLosses<Var<Dual<M>>>& losses) const {
    for (const auto& term : losses.terms) {
      tape.seed(term.rows, {{}, cotangent(term.name, row_count(term.rows))});
    }
  }

  /// What the terms add to the loss.
  [[nodiscard]] double loss() const {
    double all = 0;
    for (const auto& [name, sum] : sums_) {
      all += sum.weight * sum.total / static_cast<double>(sum.count);
    }
    return all;
  }

 private:
  struct Sum {
    double weight = 0;
    double total = 0;
    Index count = 0;
  };

  [[nodiscard]] M cotangent(const std::string& name, Index rows) const {
    const Sum& sum = sums_.at(name);
    return filled<M>(rows, 1, sum.weight / static_cast<double>(sum.count));
  }

  std::map<std::string, Sum> sums_;
};

}  // namespace ttt::detail
