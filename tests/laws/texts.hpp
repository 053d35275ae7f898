// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/block.hpp>
#include <ttt/memory/window.hpp>
#include <ttt/model/systems.hpp>

#include "laws/numbers.hpp"

namespace laws {

using Reader = Block<Attend<Window>, SwiGlu>;
using Learner = Block<Attend<Window>, Fast<SwiGlu>, SwiGlu>;

/// A small model with every part: a prefix, a learning suffix, heads, norms around, a tied head.
inline constexpr ModelSpec small =
    checked({.vocab = 13, .width = 8, .heads = 2, .hidden = 6, .window = 7, .chunk = 5});
using Small = LanguageModel<small, Repeat<1, Reader>, Repeat<2, Learner>>;

/// The other choice wherever the spec has one.
inline constexpr ModelSpec other =
    checked({.vocab = 11,
             .width = 6,
             .heads = 1,
             .hidden = 7,
             .window = 4,
             .chunk = 4,
             .rotary = {.pairs = RotaryPairs::half_split, .base = 50},
             .norms = Norms::before,
             .query_key_norm = QueryKeyNorm::none,
             .output = Head::separate});
using Other = LanguageModel<other, Repeat<1, Reader>, Repeat<1, Learner>>;

/// Parameters away from where training starts: every derivative is far from zero, and none is
/// steep.
template <class Model, class S = double>
typename Model::template Params<Matrix<S>> lively_params(std::uint64_t seed) {
  Random random(seed);
  return map_tree<Matrix<S>>(
      [&](const Leaf& leaf, const TensorSpec& tensor) -> Matrix<S> {
        if (tensor.init == init::ones) {
          return normal<S>(tensor.rows, tensor.cols, random, 0.2).array() + S(1);
        }
        const bool table = leaf.name == "model.wte.weight";
        return normal<S>(tensor.rows, tensor.cols, random, table ? 1 : 0.6);
      },
      Model::tensors());
}

}  // namespace laws
