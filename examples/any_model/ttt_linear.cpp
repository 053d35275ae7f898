// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"
#include "typed.hpp"

template std::unique_ptr<models::AnyModel> models::typed<models::TttLinear125m>(const Found&);
