// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tape.hpp>
#include <ttt/algebra/tree.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "golden/arrays.hpp"

namespace golden {

/// Every array of a tree is that of the file, relative to its largest entry.
template <template <class> class T, class S>
void check_trees(const T<Matrix<S>>& ours, const T<Matrix<double>>& theirs, double most) {
  for_each_array(
      [&](const Leaf& leaf, const Matrix<S>& a, const Matrix<double>& b) {
        CAPTURE(leaf.name);
        CHECK(disagreement(a, b) < most);
      },
      ours, theirs);
}

/// A function of arrays of a file, of which the file has the results, a cotangent for each of them,
/// and the gradient of every input. `array(name)` is an array of the file in our shape.
template <class S>
class Function {
 public:
  using M = Matrix<S>;

  Function(std::vector<std::string> inputs, std::function<Matrix<double>(const std::string&)> array)
      : names_(std::move(inputs)),
        array_(std::move(array)),
        values_(names_.size()),
        gradients_(names_.size()) {
    inputs_.reserve(names_.size());
    for (std::size_t n = 0; n < names_.size(); ++n) {
      values_[n] = array_(names_[n]).template cast<S>();
      inputs_.push_back(tape_.leaf(values_[n], gradients_[n]));
    }
  }

  /// Input n.
  const Var<M>& operator[](std::size_t n) const { return inputs_[n]; }

  /// A number that is no input.
  Var<M> constant(double number) {
    return tape_.own_constant(M::Constant(1, 1, static_cast<S>(number)));
  }

  /// The result has the file's value, and is given the file's cotangent.
  void check_result(const Var<M>& result, const std::string& name) {
    CAPTURE(name);
    CHECK(disagreement(result.value(), array_(name)) < pytorch_tolerance<S>.values);
    tape_.seed(result, M(array_("cotangent." + name).template cast<S>()));
  }

  /// The inputs have the file's gradients, after all results were checked.
  void check_gradients() {
    tape_.pull_back();
    for (std::size_t n = 0; n < names_.size(); ++n) {
      CAPTURE(names_[n]);
      CHECK(disagreement(gradients_[n], array_("grad." + names_[n])) <
            pytorch_tolerance<S>.gradients);
    }
  }

 private:
  std::vector<std::string> names_;
  std::function<Matrix<double>(const std::string&)> array_;
  std::vector<M> values_;
  std::vector<M> gradients_;
  Tape<M> tape_;
  std::vector<Var<M>> inputs_;
};

}  // namespace golden
