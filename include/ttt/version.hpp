// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace ttt {

/// The release these headers belong to, numbered after semver.org; the build files read it here.
inline constexpr std::string_view version = "0.1.0";

}  // namespace ttt
