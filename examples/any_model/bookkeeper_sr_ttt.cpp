// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/sr_ttt.hpp>

#include "models.hpp"
#include "typed.hpp"

template std::unique_ptr<models::AnyModel> models::typed<models::BookkeeperSrTtt>(const Found&);
