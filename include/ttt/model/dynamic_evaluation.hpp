// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/inner.hpp>
#include <ttt/model/lift.hpp>
#include <ttt/model/session.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// What dynamic evaluation is done with.
struct DynamicEvaluation {
  std::vector<std::string> fast{};  ///< parts of the names of what learns; empty for all that can
  InnerSgd optimiser{.rate = 0.0625};  ///< takes one step a chunk
};

/// Options of a session that takes gradient steps while it reads, on a model that need not have
/// been trained for them: dynamic evaluation.
///
///   Session<Model> session(params, dynamic_evaluation<Model>({.fast = {"feed_forward"}}));
///
/// What can learn is every parameter of the blocks, of the norm behind them and of a head of its
/// own. The embedding cannot, nor a side output and the blocks before it: a step on them would come
/// after they were read.
///
/// \throws RangeError if a part is in no name, or in that of a parameter that cannot learn.
/// \cost   of a chunk a pass of the model, and two more of its blocks from the first that learns on
/// \source Krause et al. 2018, "Dynamic Evaluation of Neural Sequence Models", arXiv:1709.07432, by
///         gradient descent with clipping, without its decay to the trained weights
template <class Model, Storage M = Matrix<float>>
[[nodiscard]] typename Session<Model, M>::Options dynamic_evaluation(
    const DynamicEvaluation& settings = {}) {
  const auto tensors = Model::tensors();
  for (const std::string& part : settings.fast) {
    const bool names_one = std::ranges::any_of(parts_of(tensors).arrays, [&](const auto& tensor) {
      return tensor.array->rows > 0 && FastSelection{{part}}(tensor.leaf);
    });
    if (!names_one) {
      throw RangeError("dynamic_evaluation: fast must be parts of the names of parameters, got " +
                       part);
    }
  }
  FastSelection fast{settings.fast};
  if (fast.names.empty()) {
    fast.names = {"model.ln_f.", "lm_head."};
    for (std::size_t n = Model::first_learner(); n < Model::depth; ++n) {
      fast.names.push_back(Model::block_prefix(n));
    }
  }
  static_cast<void>(Model::border(fast));  // refuses what cannot learn
  return {.inner = {.optimiser = settings.optimiser},
          .learning = Learning::on,
          .fast = std::move(fast)};
}

}  // namespace ttt
