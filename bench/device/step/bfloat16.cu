// SPDX-License-Identifier: Apache-2.0
#include "step.cuh"

template void device::measure_steps<device::Precision::bfloat16>(const device::Networks&,
                                                                 ttt::Index, device::StepGoals);
