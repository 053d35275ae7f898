// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Marks a function that runs on the host and on a device; of no effect where there is no device
/// compiler.
#ifdef __CUDACC__
#define TTT_HD __host__ __device__
#else
#define TTT_HD
#endif
