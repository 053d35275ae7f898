// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/systems.hpp>
#include <ttt/spec/presets.hpp>

#include <string>

/// The models that the programs know by name.
namespace models {

using Bookworm = ttt::TttE2e<ttt::preset::bookworm, 4, 2>;
using BookwormPlain = ttt::SlidingWindow<ttt::preset::bookworm_plain, 4>;
using Toy = ttt::TttE2e<ttt::preset::toy, 3, 1>;

/// Calls visit.template operator()<Model>() for the model of that name.
///
/// \throws ttt::RangeError if there is none.
template <class Visit>
auto with_model(const std::string& name, Visit&& visit) {
  if (name == "bookworm") return visit.template operator()<Bookworm>();
  if (name == "bookworm_plain") return visit.template operator()<BookwormPlain>();
  if (name == "toy") return visit.template operator()<Toy>();
  throw ttt::RangeError("--model must be bookworm, bookworm_plain or toy, got " + name);
}

}  // namespace models
