// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace {

using namespace ttt;

TEST_SUITE("examples") {
  TEST_CASE("every known model has a name of its own, under which it is found") {
    std::set<std::string_view> names;
    models::for_each_known([&]<class Model>(const models::Known<Model>& known) {
      CAPTURE(known.name);
      CHECK(names.insert(known.name).second);
      const bool same = models::with_model(
          std::string(known.name), []<class Found>() { return std::same_as<Found, Model>; });
      CHECK(same);
      CHECK(models::names().find(known.name) != std::string::npos);
    });
    CHECK(names.size() >= 2);
  }

  TEST_CASE("a name of no model is refused with the names that there are") {
    CHECK(models::listed({"a"}) == "a");
    CHECK(models::listed({"a", "b", "c"}) == "a, b or c");
    CHECK_THROWS_WITH_AS(models::with_model("none", []<class Model>() { return 0; }),
                         ("--model must be " + models::names() + ", got none").c_str(), RangeError);
  }
}

}  // namespace
