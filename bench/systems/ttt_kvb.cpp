// SPDX-License-Identifier: Apache-2.0
#include "ttt_layers.hpp"

namespace {

using namespace systems;

template <ModelSpec Spec, std::size_t Depth>
Measured measure_one(const Work& work) {
  return measure<TttKvb<Spec, Depth>>(work, {{"mini_batch", mini_batch}}, [](Index time) {
    return static_cast<double>(Depth) * (attention_products(time, Spec.window, Spec.width) +
                                         inner_products(time, Spec, of_mlp_head));
  });
}

}  // namespace

systems::Measured systems::ttt_kvb(const Work& work) {
  return work.width == large.width ? measure_one<large, large_depth>(work)
                                   : measure_one<small, small_depth>(work);
}
