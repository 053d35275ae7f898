// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "families.hpp"
#include "student.hpp"

namespace compare {

/// A way to read with a trained model, which has a row of its own in tables.
struct Reading {
  std::string name;   ///< in files
  std::string title;  ///< in tables and figures
  Way way = Way::as_trained;
};

/// A model that is trained, and the ways in which it reads.
struct System {
  Identity identity;
  Index parameters;  ///< numbers in all tensors
  std::string spec;  ///< in words
  std::vector<Reading> readings;
  Begin* begin;
};

/// All systems, those of ablations behind the others.
[[nodiscard]] std::vector<System> systems();

}  // namespace compare
