// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tree.hpp>
#include <ttt/memory/entry.hpp>

#include <string>
#include <utility>

namespace recall {

using namespace ttt;

/// Calls visit(entries) for the entries of each cache in the memory of a session.
template <class Memory, class Visit>
void for_each_cache(const Memory& memory, Visit&& visit) {
  for_each_metadata(
      [&](const std::string& /*name*/, const AnyMetadata& data) {
        const auto* const entries = dynamic_cast<const Metadata<Entry>*>(&data);
        if (entries != nullptr) visit(*entries);
      },
      memory);
}

}  // namespace recall
