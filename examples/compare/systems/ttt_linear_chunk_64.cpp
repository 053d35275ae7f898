// SPDX-License-Identifier: Apache-2.0
#include "compare/trained.hpp"

template compare::Begin compare::begin<compare::TttLinearChunk64>;
