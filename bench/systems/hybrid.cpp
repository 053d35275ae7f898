// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include "measure.hpp"

namespace {

using namespace systems;

/// Windows in five blocks of six.
constexpr std::size_t local = 5;
using Local = Repeat<local, Block<Attend<Window>, SwiGlu>>;
using Global = Repeat<1, Block<Attend<Whole>, SwiGlu>>;

using Small = Hybrid<small, local>;
using Large = LanguageModel<large, Local, Global, Local, Global>;

template <class Model>
Measured measure_one(const Work& work) {
  return measure<Model>(work, {}, [](Index time) {
    constexpr ModelSpec spec = Model::spec;
    constexpr std::size_t sixths = Model::depth / (local + 1);
    return static_cast<double>(sixths) *
           (static_cast<double>(local) * attention_products(time, spec.window, spec.width) +
            attention_products(time, time, spec.width));
  });
}

}  // namespace

systems::Measured systems::hybrid(const Work& work) {
  return work.width == large.width ? measure_one<Large>(work) : measure_one<Small>(work);
}
