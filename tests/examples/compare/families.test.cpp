// SPDX-License-Identifier: Apache-2.0
#include "compare/families.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>

namespace {

using namespace ttt;

/// Whether every family has a name of its own and as many parameters as are wanted.
template <class... Families>
void check_families() {
  std::set<std::string_view> names;
  const auto check = [&]<class Family>() {
    CAPTURE(Family::identity.name);
    const Index parameters = compare::ModelOf<Family>::parameters();
    const double off = static_cast<double>(parameters - compare::parameters_wanted) /
                       static_cast<double>(compare::parameters_wanted);
    CHECK(std::abs(off) < 0.0025);
    CHECK(names.insert(Family::identity.name).second);
  };
  (check.template operator()<Families>(), ...);
}

/// How far a family is from what is wanted at a hidden width.
template <class Family, Index Hidden>
constexpr Index off() {
  using Model = typename Family::template Model<compare::with_hidden(Family::spec, Hidden)>;
  const Index more = Model::parameters() - compare::parameters_wanted;
  return more < 0 ? -more : more;
}

template <class Family>
constexpr bool is_nearest() {
  constexpr Index hidden = compare::solved_hidden<Family>;
  return off<Family, hidden>() <= off<Family, hidden - 1>() &&
         off<Family, hidden>() <= off<Family, hidden + 1>();
}

TEST_SUITE("examples/compare") {
  TEST_CASE("every system has as many parameters as the sliding window, within 0.25 %") {
    check_families<compare::FullAttention, compare::SlidingWindow, compare::Hybrid, compare::Mamba2,
                   compare::GatedDeltaNet, compare::TttLinear, compare::TttLinearChunk64,
                   compare::TttLinearMamba, compare::TttMlp, compare::TttMlpMamba, compare::TttKvb,
                   compare::SrTtt, compare::TttE2e, compare::TttE2eCache, compare::TttE2eWindow128,
                   compare::TttE2eWindow512, compare::TttE2eChunk32, compare::TttE2eChunk256,
                   compare::TttE2eLearning1, compare::TttE2eLearning4>();
  }

  TEST_CASE("no other hidden width brings the parameters nearer to those wanted") {
    static_assert(compare::solved_hidden<compare::SlidingWindow> == compare::shared.hidden);
    static_assert(is_nearest<compare::TttE2e>());
    static_assert(is_nearest<compare::Mamba2>());
    static_assert(is_nearest<compare::TttKvb>());
    CHECK(compare::solved_hidden<compare::TttE2e> < compare::shared.hidden);
  }
}

}  // namespace
