// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"
#include "run.hpp"

template support::Outcome training::train<models::BookkeeperTrimKv>(const Settings&);
