// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

std::string_view version_elsewhere();

std::string_view version_elsewhere() { return ttt::version; }
