// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

std::string_view version_elsewhere();

int main() { return version_elsewhere() == ttt::version ? 0 : 1; }
