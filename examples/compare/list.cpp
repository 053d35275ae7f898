// SPDX-License-Identifier: Apache-2.0
#include "list.hpp"

#include <ttt/spec/describe.hpp>

#include "families.hpp"

namespace compare {

namespace {

/// The system of a family, which is read as it was trained and in other ways.
template <class Family>
System system_of(std::vector<Reading> others = {}) {
  using Model = ModelOf<Family>;
  const std::string name(Family::identity.name);
  System system{.identity = Family::identity,
                .parameters = Model::parameters(),
                .spec = describe(Model::spec),
                .readings = {{.name = name, .title = std::string(Family::identity.title)}},
                .begin = begin<Family>};
  for (Reading& reading : others) system.readings.push_back(std::move(reading));
  return system;
}

}  // namespace

std::vector<System> systems() {
  return {
      system_of<FullAttention>(),
      system_of<SlidingWindow>({{"dynamic_evaluation", "dynamic evaluation", Way::dynamic}}),
      system_of<Hybrid>(),
      system_of<Mamba2>(),
      system_of<GatedDeltaNet>(),
      system_of<TttLinear>(),
      system_of<TttLinearMamba>(),
      system_of<TttMlp>(),
      system_of<TttMlpMamba>(),
      system_of<TttKvb>(),
      system_of<SrTtt>(),
      system_of<TttE2e>({{"ttt_e2e_frozen", "TTT-E2E, frozen", Way::frozen}}),
      system_of<TttE2eCache>(),
      system_of<TttE2eWindow128>(),
      system_of<TttE2eWindow512>(),
      system_of<TttE2eChunk32>(),
      system_of<TttE2eChunk256>(),
      system_of<TttE2eLearning1>(),
      system_of<TttE2eLearning4>(),
      system_of<TttLinearChunk64>(),
  };
}

}  // namespace compare
