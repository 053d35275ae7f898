// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/archive.hpp>

#include <memory>

#include "any_model.hpp"

namespace models {

/// A model file of a known model.
struct Found {
  const Choice& choice;
  const ttt::file::Archive& archive;
  Facts facts;  // but for those of learning
  double rate;  // of its inner steps, if the choice names none; 0 for reading without learning
};

/// The model that was found, whose type is Model. The files beside this one compile it, each for
/// one model.
template <class Model>
std::unique_ptr<AnyModel> typed(const Found& found);

}  // namespace models
