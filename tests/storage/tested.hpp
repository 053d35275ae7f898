// SPDX-License-Identifier: Apache-2.0
#pragma once

// The storage on which the tests of this folder run: that of the device if TTT_TEST_GPU is defined,
// else the plain one.

#ifdef TTT_TEST_GPU
#include <ttt/gpu/matrix.cuh>
#else
#include "storage/plain.hpp"
#endif

namespace storage {

using namespace ttt;

#ifdef TTT_TEST_GPU
template <class S>
using Tested = gpu::Matrix<S>;
#else
template <class S>
using Tested = Plain<S>;
#endif

}  // namespace storage
