// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/fuse.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "laws/numbers.hpp"

namespace laws {

/// What queries see of a window and of a cache, drawn at random, and a gate.
template <class S>
struct DrawnInputs {
  Matrix<S> window_q, window_k, window_v;
  Matrix<S> cache_q, cache_k, cache_v, bias;
  VisibleKeys window_visible, cache_visible;
  Matrix<S> gate;

  DrawnInputs(const std::vector<Index>& seen, Index cached, bool gated, std::uint64_t seed)
      : window_visible(VisibleKeys::sliding(std::ssize(seen), std::ssize(seen) + 3, 4)),
        cache_visible(VisibleKeys::leading(seen)) {
    Random random(seed);
    const Index queries = std::ssize(seen);
    for (Matrix<S>* rows : {&window_q, &cache_q}) *rows = normal<S>(queries, 6, random);
    for (Matrix<S>* rows : {&window_k, &window_v}) *rows = normal<S>(queries + 3, 6, random);
    for (Matrix<S>* rows : {&cache_k, &cache_v}) *rows = normal<S>(cached, 6, random);
    bias = normal<S>(cached, 1, random);
    if (gated) gate = normal<S>(1, 1, random);
  }

  [[nodiscard]] AttentionInputs<Matrix<S>> inputs() const {
    return {.window_q = window_q,
            .window_k = window_k,
            .window_v = window_v,
            .cache_q = cache_q,
            .cache_k = cache_k,
            .cache_v = cache_v,
            .bias = bias,
            .heads = {.heads = 2, .kv_heads = 2},
            .window_visible = window_visible,
            .cache_visible = cache_visible};
  }
};

/// \law window    where a query sees nothing cached, equals what the window answers
/// \law sight     a query's answer depends, bit for bit, on the cached keys that it sees and no
///                others
/// \law pure      of equal inputs the answers are equal
/// \law received  what the cached keys received is answered too, and is no more than every query
///                that saw one had to give; no query gave a key most that did not see it. What the
///                window's keys received is answered where it is wanted, and changes nothing else
template <Fuse F, class S>
void check_fuse() {
  const std::vector<Index> seen{0, 0, 1, 3, 3, 4, 7, 7};
  constexpr Index cached = 7;
  const DrawnInputs<S> drawn(seen, cached, F::gated, 1);
  const Matrix<S> alone = drawn.inputs().window_alone().rows;
  const auto [y, received, unasked] = F{}(drawn.inputs(), drawn.gate);
  REQUIRE(y.rows() == alone.rows());
  REQUIRE(y.cols() == alone.cols());
  CHECK(F{}(drawn.inputs(), drawn.gate).rows == y);
  CHECK(F{}(drawn.inputs(), drawn.gate).received == received);
  CHECK(disagreement(Matrix<S>(y.topRows(2)), Matrix<S>(alone.topRows(2))) < 1e-6);

  AttentionInputs<Matrix<S>> reporting = drawn.inputs();
  reporting.window_reported = true;
  const auto reported = F{}(reporting, drawn.gate);
  CHECK(reported.rows == y);
  CHECK(unasked.size() == 0);
  REQUIRE(reported.window_received.rows() == 3);
  REQUIRE(reported.window_received.cols() == drawn.window_k.rows());
  CHECK(static_cast<double>(reported.window_received.row(0).sum()) <=
        static_cast<double>(seen.size()) + 1e-5);

  REQUIRE(received.rows() == 3);
  REQUIRE(received.cols() == cached);
  for (Index n = 0; n < cached; ++n) {
    const auto readers = std::ranges::count_if(seen, [&](Index count) { return n < count; });
    CHECK(received(0, n) > 0);
    CHECK(static_cast<double>(received(0, n)) < static_cast<double>(readers) + 1e-5);
    const auto last = static_cast<Index>(received(1, n));
    if (last > 0) CHECK(n < at(seen, last - 1));
  }

  for (Index changed = 0; changed < cached; ++changed) {
    CAPTURE(changed);
    DrawnInputs<S> other = drawn;
    for (Matrix<S>* rows : {&other.cache_k, &other.cache_v, &other.bias}) {
      rows->row(changed).array() += S(1);
    }
    const Matrix<S> z = F{}(other.inputs(), other.gate).rows;
    for (Index query = 0; query < y.rows(); ++query) {
      CHECK((z.row(query) != y.row(query)) == (changed < at(seen, query)));
    }
  }
}

}  // namespace laws
