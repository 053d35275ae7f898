// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/fuse.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "laws/numbers.hpp"

namespace laws {

/// What queries see of a window and of a cache, drawn at random, and a gate.
template <class S>
struct DrawnSight {
  Matrix<S> near_q, near_k, near_v;
  Matrix<S> far_q, far_k, far_v, bias;
  std::vector<Index> seen;
  Matrix<S> gate;
  KeptAttention watched{};

  DrawnSight(std::vector<Index> all_seen, Index kept, bool gated, std::uint64_t seed)
      : seen(std::move(all_seen)) {
    Random random(seed);
    const Index queries = std::ssize(seen);
    for (Matrix<S>* rows : {&near_q, &far_q}) *rows = normal<S>(queries, 6, random);
    for (Matrix<S>* rows : {&near_k, &near_v}) *rows = normal<S>(queries + 3, 6, random);
    for (Matrix<S>* rows : {&far_k, &far_v}) *rows = normal<S>(kept, 6, random);
    bias = normal<S>(kept, 1, random);
    if (gated) gate = normal<S>(1, 1, random);
  }

  [[nodiscard]] Sight<Matrix<S>> sight() {
    return {.near_q = near_q,
            .near_k = near_k,
            .near_v = near_v,
            .far_q = far_q,
            .far_k = far_k,
            .far_v = far_v,
            .bias = bias,
            .heads = 2,
            .window = 4,
            .seen = seen,
            .watched = &watched};
  }
};

/// \law window   where a query sees nothing kept, equals what the window answers
/// \law sight    a query's answer depends, bit for bit, on the kept that it sees and no others
/// \law pure     of equal sights the answers are equal
/// \law watched  what the kept received is told, and is no more than every reader had to give
template <Fuse F, class S>
void check_fuse() {
  const std::vector<Index> seen{0, 0, 1, 3, 3, 4, 7, 7};
  constexpr Index kept = 7;
  DrawnSight<S> drawn(seen, kept, F::gated, 1);
  const Matrix<S> alone = drawn.sight().window_alone();
  const Matrix<S> y = F{}(drawn.sight(), drawn.gate);
  REQUIRE(y.rows() == alone.rows());
  REQUIRE(y.cols() == alone.cols());
  CHECK(F{}(drawn.sight(), drawn.gate) == y);
  CHECK(disagreement(Matrix<S>(y.topRows(2)), Matrix<S>(alone.topRows(2))) < 1e-6);

  REQUIRE(std::ssize(drawn.watched.mass) == kept);
  for (Index n = 0; n < kept; ++n) {
    const auto readers = std::ranges::count_if(seen, [&](Index count) { return n < count; });
    const auto at = static_cast<std::size_t>(n);
    CHECK(drawn.watched.mass[at] > 0);
    CHECK(drawn.watched.mass[at] < static_cast<double>(readers) + 1e-5);
    if (drawn.watched.last[at] < 0) continue;
    CHECK(n < seen[static_cast<std::size_t>(drawn.watched.last[at])]);
  }

  for (Index changed = 0; changed < kept; ++changed) {
    CAPTURE(changed);
    DrawnSight<S> other = drawn;
    for (Matrix<S>* rows : {&other.far_k, &other.far_v, &other.bias}) {
      rows->row(changed).array() += S(1);
    }
    const Matrix<S> z = F{}(other.sight(), other.gate);
    for (Index query = 0; query < y.rows(); ++query) {
      const bool sees = changed < seen[static_cast<std::size_t>(query)];
      CHECK((z.row(query) != y.row(query)) == sees);
    }
  }
}

}  // namespace laws
