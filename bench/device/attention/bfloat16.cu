// SPDX-License-Identifier: Apache-2.0
#include "attention.cuh"

template void device::measure_attention<device::Precision::bfloat16>(device::Wanted);
