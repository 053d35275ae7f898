// SPDX-License-Identifier: Apache-2.0
#define TTT_COMPILED
#include <ttt/compiled.hpp>
