// SPDX-License-Identifier: Apache-2.0
#include <ttt/memory/cached_window.hpp>
#include <ttt/model/systems.hpp>

#include "measure.hpp"

namespace {

using namespace systems;

/// With as many parameters as the others have: fewer units, since a learning block has two SwiGLU.
constexpr ModelSpec learning(ModelSpec spec, Index hidden) {
  spec.hidden = hidden;
  spec.chunk = spec.window / 4;
  return checked(spec);
}

constexpr ModelSpec small_learning = learning(small, 512);
constexpr ModelSpec large_learning = learning(large, 1664);
constexpr std::size_t small_suffix = 2;  // blocks that learn
constexpr std::size_t large_suffix = 3;

/// A cache of one window in each block that learns.
template <ModelSpec Spec, std::size_t Depth, std::size_t Learning>
using Cached = CachedTttE2e<Spec, Depth, Learning, Cache<Spec.window, evict::LowestKeepScore>>;

template <class Model, std::size_t Learning>
Measured measure_one(const Work& work) {
  return measure<Model>(work, {{"learning", static_cast<Index>(Learning)}}, [](Index time) {
    constexpr ModelSpec spec = Model::spec;
    return static_cast<double>(Model::depth) * attention_products(time, spec.window, spec.width);
  });
}

}  // namespace

systems::Measured systems::ttt_e2e(const Work& work) {
  return work.width == large.width
             ? measure_one<TttE2e<large_learning, large_depth, large_suffix>, large_suffix>(work)
             : measure_one<TttE2e<small_learning, small_depth, small_suffix>, small_suffix>(work);
}

systems::Measured systems::ttt_e2e_cache(const Work& work) {
  return work.width == large.width
             ? measure_one<Cached<large_learning, large_depth, large_suffix>, large_suffix>(work)
             : measure_one<Cached<small_learning, small_depth, small_suffix>, small_suffix>(work);
}
