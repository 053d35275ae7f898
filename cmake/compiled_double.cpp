// SPDX-License-Identifier: Apache-2.0
#define TTT_COMPILED_DOUBLE
#include <ttt/compiled.hpp>
