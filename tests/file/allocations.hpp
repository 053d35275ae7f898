// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace ttt::file {

/// What operator new has handed out and not got back, in bytes.
std::size_t held();

/// The most that was held since the last call of `forget_most`.
std::size_t most_held();
void forget_most();

/// The most that `call` held beyond what was held before.
template <class Call>
std::size_t most_held_by(Call call) {
  const std::size_t before = held();
  forget_most();
  call();
  return most_held() - before;
}

}  // namespace ttt::file
