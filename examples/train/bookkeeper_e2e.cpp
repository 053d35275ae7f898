// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"
#include "run.hpp"

template support::Outcome training::train<models::BookkeeperE2e>(const Settings&);
