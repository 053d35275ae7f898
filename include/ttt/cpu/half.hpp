// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>

namespace ttt::cpu {

using BFloat16 = Eigen::bfloat16;  ///< 16 bits with the exponent of float
using Half = Eigen::half;          ///< 16 bits of IEEE 754

}  // namespace ttt::cpu
