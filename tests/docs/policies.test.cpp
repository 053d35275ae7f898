// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "laws/admit.hpp"
#include "laws/cache.hpp"
#include "laws/evict.hpp"
#include "laws/fuse.hpp"
#include "laws/place.hpp"
#include "laws/signal.hpp"

// What the documentation shows how to write, each in a namespace; its headers are included above.
namespace policies {
#include "../../docs/snippets/policies.cpp"
}
namespace swapped {
#include "../../docs/snippets/policies_swapped.cpp"
}
namespace kinds {
#include "../../docs/snippets/policy_kinds.cpp"
}

namespace {

using namespace ttt;

/// The lines of a program of the documentation.
std::vector<std::string> lines(const std::string& name) {
  std::istringstream in(
      data::read_text(std::filesystem::path(TTT_TEST_DATA) / "../../docs/snippets" / name));
  std::vector<std::string> found;
  for (std::string line; std::getline(in, line);) found.push_back(line);
  return found;
}

/// What a program prints.
template <class Main>
std::string printed(Main main) {
  std::ostringstream out;
  auto* const screen = std::cout.rdbuf(out.rdbuf());
  const int status = main();
  std::cout.rdbuf(screen);
  CHECK(status == 0);
  return out.str();
}

TEST_SUITE("docs") {
  TEST_CASE("the policies of the documentation keep the laws of their kind") {
    laws::check_evict<policies::Youngest>();
    laws::check_signal<kinds::Sudden>();
    laws::check_admit<kinds::Strongest>();
    laws::check_place<kinds::Behind>();
    laws::check_fuse<kinds::Added, double>();
    constexpr ModelSpec spec =
        checked({.vocab = 2, .width = 80, .heads = 2, .hidden = 1, .window = 10, .chunk = 4});
    laws::check_cache_agrees<spec, kinds::Cached>();
    laws::check_cache_sight<spec, kinds::Cached>(false);
    laws::check_cache_sight<spec, Cache<64, kinds::Added>>(true);
    laws::check_cache_causal<spec, Cache<64, kinds::Added>, double>();
    laws::check_cache_agrees<spec, Cache<64, policies::Youngest>>();
    laws::check_cache_limit<spec, Cache<64, policies::Youngest>>();
  }

  TEST_CASE("a policy is swapped by one line, and the cache stores other tokens") {
    const auto ours = lines("policies.cpp");
    const auto other = lines("policies_swapped.cpp");
    REQUIRE(ours.size() == other.size());
    std::vector<std::string> changed;
    for (std::size_t n = 0; n < ours.size(); ++n) {
      if (ours[n] != other[n]) changed.push_back(other[n]);
    }
    CHECK(changed == std::vector<std::string>{"using Cached = Cache<4, evict::Oldest>;"});
    CHECK(printed(policies::main) == "0 1 2 3 \n");
    CHECK(printed(swapped::main) == "44 45 46 47 \n");
  }
}

}  // namespace
