// SPDX-License-Identifier: Apache-2.0
//
// The laws of a communicator, by the processes that mpirun starts.
#define DOCTEST_CONFIG_IMPLEMENT
#include <ttt/mpi/mpi.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <span>
#include <string>

#include "laws/communicator.hpp"

namespace {

using namespace ttt;

bool ends = false;

/// The ranks of all tests: MPI starts once in a process. They are never destroyed, because after a
/// call that gave up they would not end MPI.
const Mpi& ranks() {
  static const Mpi& joined =
      *new Mpi({.interrupted = [] { return ends; }, .patience = std::chrono::milliseconds(30)});
  return joined;
}

TEST_SUITE("mpi") {
  TEST_CASE("a process that joins nobody is a communicator of one rank") {
    laws::check_communicator(Mpi());
  }

  TEST_CASE("processes are a communicator") { laws::check_communicator(ranks()); }

  TEST_CASE("a message of another size is refused, with both sizes") {
    const Mpi& all = ranks();
    std::array<double, 3> numbers{};
    if (all.rank() == 1) all.send(std::span<const double>(numbers).first(2), 0);
    if (all.rank() == 0 && all.size() > 1) {
      CHECK_THROWS_WITH_AS(all.receive(std::span<double>(numbers), 1),
                           "Mpi.receive: rank 0 expected 3 numbers of rank 1, got 2",
                           CommunicatorError);
    }
  }

  TEST_CASE("a wait in vain ends once the run is interrupted, and says for whom it waited") {
    const Mpi& all = ranks();
    if (all.size() == 1) return;
    all.barrier();
    ends = true;
    std::array<float, 1> number{};
    const Index other = all.rank() == 0 ? 1 : 0;
    const std::string words = "Mpi.receive: rank " + std::to_string(all.rank()) +
                              " gave up waiting for rank " + std::to_string(other) +
                              ": the run is interrupted, or a rank is lost";
    CHECK_THROWS_WITH_AS(all.receive(std::span<float>(number), other), words.c_str(),
                         CommunicatorError);
    ends = false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  ranks();
  const int status = doctest::Context(argc, argv).run();
  MPI_Finalize();
  return status;
}
