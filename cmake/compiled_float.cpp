// SPDX-License-Identifier: Apache-2.0
#define TTT_COMPILED_FLOAT
#include <ttt/compiled.hpp>
