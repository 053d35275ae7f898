// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/data/batches.hpp>
#include <ttt/data/bytes.hpp>
#include <ttt/data/files.hpp>
#include <ttt/data/king_james.hpp>
#include <ttt/error.hpp>
#include <ttt/file/safetensors.hpp>
#include <ttt/layer/block.hpp>
#include <ttt/learn/adjoint.hpp>
#include <ttt/learn/gradient.hpp>
#include <ttt/learn/inner.hpp>
#include <ttt/model/language_model.hpp>
#include <ttt/random.hpp>
#include <ttt/shape.hpp>
#include <ttt/version.hpp>
