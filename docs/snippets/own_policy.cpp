// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <laws/evict.hpp>

/// Evicts the latest token first: the beginning of the text is kept.
struct Mine {
  bool operator()(const ttt::Entry& a, const ttt::Entry& b) const {
    return a.position > b.position;
  }
};

TEST_CASE("Mine is an eviction policy") { laws::check_evict<Mine>(); }
