// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/random.hpp>
#include <ttt/shape.hpp>
#include <ttt/version.hpp>
