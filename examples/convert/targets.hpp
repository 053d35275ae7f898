// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/file/foreign.hpp>
#include <ttt/model/foreign_names.hpp>
#include <ttt/spec/describe.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sizes.hpp"

/// Parameters of other implementations as model files of this one.
namespace converting {

using namespace ttt;

/// A model that there are parameters of elsewhere. Of a model, only its shapes are compiled.
struct Target {
  std::string_view name;    ///< in the option --model
  std::string_view family;  ///< of the published files
  std::string (*spec)();    ///< in words
  std::vector<file::ForeignTensor> (*tensors)(std::span<const file::ForeignName> names,
                                              const std::string& prefix);  ///< where each is
};

/// A target of that model.
template <class Model>
constexpr Target target(std::string_view name, std::string_view family) {
  return {.name = name,
          .family = family,
          .spec = [] { return describe(Model::spec); },
          .tensors =
              [](std::span<const file::ForeignName> names, const std::string& prefix) {
                return file::foreign_tensors(names, prefix, Model::tensors());
              }};
}

/// The models that `convert` knows, a line each.
inline constexpr auto targets = [] {
  using namespace sizes;
  constexpr Backbone plain = Backbone::transformer;
  constexpr Backbone mamba = Backbone::mamba;
  return std::array{
      target<Linear<ttt_size::s125m, plain>>("ttt_linear_125m", "ttt_lm_pytorch"),
      target<Linear<ttt_size::s350m, plain>>("ttt_linear_350m", "ttt_lm_pytorch"),
      target<Linear<ttt_size::s760m, plain>>("ttt_linear_760m", "ttt_lm_pytorch"),
      target<Linear<ttt_size::s1b, plain>>("ttt_linear_1b", "ttt_lm_pytorch"),
      target<Linear<ttt_size::s125m, mamba>>("ttt_linear_mamba_125m", "ttt_lm_pytorch"),
      target<Linear<ttt_size::s350m, mamba>>("ttt_linear_mamba_350m", "ttt_lm_pytorch"),
      target<Linear<ttt_size::s760m, mamba>>("ttt_linear_mamba_760m", "ttt_lm_pytorch"),
      target<Linear<ttt_size::s1b, mamba>>("ttt_linear_mamba_1b", "ttt_lm_pytorch"),
      target<Mlp<ttt_size::s125m, plain>>("ttt_mlp_125m", "ttt_lm_pytorch"),
      target<Mlp<ttt_size::s350m, plain>>("ttt_mlp_350m", "ttt_lm_pytorch"),
      target<Mlp<ttt_size::s760m, plain>>("ttt_mlp_760m", "ttt_lm_pytorch"),
      target<Mlp<ttt_size::s1b, plain>>("ttt_mlp_1b", "ttt_lm_pytorch"),
      target<Mlp<ttt_size::s125m, mamba>>("ttt_mlp_mamba_125m", "ttt_lm_pytorch"),
      target<Mlp<ttt_size::s350m, mamba>>("ttt_mlp_mamba_350m", "ttt_lm_pytorch"),
      target<Mlp<ttt_size::s760m, mamba>>("ttt_mlp_mamba_760m", "ttt_lm_pytorch"),
      target<Mlp<ttt_size::s1b, mamba>>("ttt_mlp_mamba_1b", "ttt_lm_pytorch"),
      target<E2e<e2e_size::s125m>>("ttt_e2e_125m", "ttt_e2e"),
      target<E2e<e2e_size::s350m>>("ttt_e2e_350m", "ttt_e2e"),
      target<E2e<e2e_size::s760m>>("ttt_e2e_760m", "ttt_e2e"),
      target<E2e<e2e_size::s1b>>("ttt_e2e_1b", "ttt_e2e"),
      target<E2e<e2e_size::s3b>>("ttt_e2e_3b", "ttt_e2e"),
      target<TinyLlama>("tiny_llama_1b", "llama"),
      target<Llama2>("llama_2_7b", "llama"),
      target<Mistral>("mistral_7b", "llama"),
      target<Mamba<768, 24>>("mamba2_130m", "mamba2"),
      target<Mamba<1024, 48>>("mamba2_370m", "mamba2"),
      target<Mamba<1536, 48>>("mamba2_780m", "mamba2"),
      target<Mamba<2048, 48>>("mamba2_1.3b", "mamba2"),
      target<Mamba<2560, 64>>("mamba2_2.7b", "mamba2"),
      target<DeltaNet>("gated_delta_net_1b", "gated_delta_net"),
  };
}();

/// The one of that name among things that have names.
///
/// \throws RangeError, with all names, if there is none.
template <class Things>
[[nodiscard]] const auto& named(const std::string& option, const Things& things,
                                std::string_view name) {
  const auto found = std::ranges::find(things, name, [](const auto& thing) { return thing.name; });
  if (found != things.end()) return *found;
  std::string names;
  for (const auto& thing : things) names += (names.empty() ? "" : ", ") + std::string(thing.name);
  throw RangeError(option + " must be of " + names + ", got " + std::string(name));
}

}  // namespace converting
