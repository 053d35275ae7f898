// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"
#include "run.hpp"

template support::Report training::train<models::Bookworm>(const Settings&);
template support::Report training::train<models::BookwormPlain>(const Settings&);
template support::Report training::train<models::BookwormPieces>(const Settings&);
