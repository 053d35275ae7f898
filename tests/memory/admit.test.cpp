// SPDX-License-Identifier: Apache-2.0
#include "laws/admit.hpp"

namespace {

using namespace ttt;

/// Who of tokens with these signals may compete.
template <class P>
std::vector<bool> admitted(const std::vector<double>& signals) {
  std::vector<Entry> offered;
  for (const double signal : signals) offered.push_back({.signal = signal});
  std::vector<bool> answers;
  for (std::size_t n = 0; n < offered.size(); ++n) answers.push_back(P{}(offered, n));
  return answers;
}

/// Looks at keep scores.
struct Wanted : admit::Everybody {
  static constexpr bool wants_keep_score = true;
};

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE("every Admit is pure", P, admit::Everybody, admit::Nobody,
                     admit::AtLeast<1000>, admit::AtLeast<-500>,
                     admit::WithNeighbours<admit::AtLeast<3000>, 0>,
                     admit::WithNeighbours<admit::AtLeast<3000>, 2>,
                     admit::WithNeighbours<admit::WithNeighbours<admit::Nobody, 1>, 3>) {
    laws::check_admit<P>();
  }

  TEST_CASE("Everybody admits all, Nobody none") {
    CHECK(admitted<admit::Everybody>({-9, 0, 9}) == std::vector{true, true, true});
    CHECK(admitted<admit::Nobody>({-9, 0, 9}) == std::vector{false, false, false});
  }

  TEST_CASE("AtLeast admits from its bound on") {
    CHECK(admitted<admit::AtLeast<1500>>({1.499, 1.5, 7, -2}) ==
          std::vector{false, true, true, false});
    CHECK(admitted<admit::AtLeast<-1000>>({-1.001, -1, 0}) == std::vector{false, true, true});
  }

  TEST_CASE("WithNeighbours wants a keep score where what it wraps does") {
    CHECK(detail::wants_keep_score<admit::WithNeighbours<Wanted, 1>>);
    CHECK(!detail::wants_keep_score<admit::WithNeighbours<admit::Everybody, 1>>);
  }

  TEST_CASE("WithNeighbours admits up to its reach on either side, among the offered") {
    const std::vector<double> signals{0, 0, 0, 5, 0, 0, 0, 0};
    CHECK(admitted<admit::WithNeighbours<admit::AtLeast<3000>, 0>>(signals) ==
          std::vector{false, false, false, true, false, false, false, false});
    CHECK(admitted<admit::WithNeighbours<admit::AtLeast<3000>, 2>>(signals) ==
          std::vector{false, true, true, true, true, true, false, false});
    CHECK(admitted<admit::WithNeighbours<admit::AtLeast<3000>, 100>>(signals) ==
          std::vector<bool>(8, true));
    CHECK(admitted<admit::WithNeighbours<admit::AtLeast<9000>, 100>>(signals) ==
          std::vector<bool>(8, false));
  }
}

}  // namespace
