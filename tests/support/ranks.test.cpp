// SPDX-License-Identifier: Apache-2.0
#include "support/ranks.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace {

/// What a launcher sets, while this lives.
class Launched {
 public:
  Launched(std::string name, const char* count) : name_(std::move(name)) {
    ::setenv(name_.c_str(), count, 1);
  }
  Launched(const Launched&) = delete;
  Launched& operator=(const Launched&) = delete;
  ~Launched() { ::unsetenv(name_.c_str()); }

 private:
  std::string name_;
};

TEST_SUITE("support") {
  TEST_CASE("a process that no launcher started is alone") {
    CHECK(support::launched() == 1);
    support::expect_alone();
    CHECK(support::join([] { return false; }).size() == 1);
  }

  TEST_CASE("one process of a launcher is alone, too") {
    const Launched one("OMPI_COMM_WORLD_SIZE", "1");
    support::expect_alone();
    CHECK(support::join([] { return false; }).size() == 1);
  }

  TEST_CASE("several are refused where there is no MPI, under the names of either launcher") {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
      CAPTURE(name);
      const Launched four(name, "4");
      CHECK(support::launched() == 4);
      CHECK_THROWS_WITH_AS(
          support::expect_alone(),
          "this program was built without MPI, and 4 of it were started together: each would "
          "overwrite the files of the others; -DTTT_MPI=ON builds it with MPI",
          ttt::RangeError);
    }
  }

  TEST_CASE("a number that is none is refused by its name") {
    const Launched wrong("PMI_SIZE", "4x");
    CHECK_THROWS_WITH_AS(support::launched(), "PMI_SIZE must be a number of processes, got 4x",
                         ttt::RangeError);
  }
}

}  // namespace
