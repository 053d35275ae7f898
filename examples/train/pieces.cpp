// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"
#include "run.hpp"

template support::Report training::train<models::Pieces>(const Settings&);
