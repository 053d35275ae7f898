// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/parallel/communicator.hpp>

#ifdef TTT_MPI
#include <ttt/mpi/mpi.hpp>
#endif

namespace support {

#ifdef TTT_MPI
using Ranks = ttt::Mpi;
#else
using Ranks = ttt::OneProcess;
#endif

/// The processes that a launcher, such as mpirun, says it started together with this one; 1 if
/// there is none.
///
/// \throws ttt::RangeError if what it says is no such number.
[[nodiscard]] ttt::Index launched();

/// Throws RangeError, unless this process was started alone.
void expect_alone();

/// Joins the processes that were started together with this one. A process alone does not start
/// MPI.
///
/// \throws ttt::RangeError if there are several, and the program was built without MPI.
[[nodiscard]] Ranks join(bool (*interrupted)());

}  // namespace support
