// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/cached_window.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <type_traits>
#include <vector>

#include "laws/numbers.hpp"
#include "reference/cache.hpp"

namespace laws {

/// Tokens of a text as a memory is given them.
template <class S = double>
struct CachedRows {
  Matrix<S> q, k, v;              ///< [time, width]
  Matrix<S> keep;                 ///< [time, 1]
  Matrix<S> gate;                 ///< [1, 1]
  std::vector<double> surprisal;  ///< [time]

  CachedRows(Index time, Index width, std::uint64_t seed) {
    Random random(seed);
    for (Matrix<S>* rows : {&q, &k, &v}) *rows = normal<S>(time, width, random);
    keep = normal<S>(time, 1, random);
    for (Index t = 0; t < time; ++t) surprisal.push_back(6 * random.uniform());
    gate = normal<S>(1, 1, random);
  }
};

/// What a model says of keeping tokens, of numbers drawn for it: keep scores as they are, or
/// logarithms of retentions, another for each head.
template <class Kept, class S>
Matrix<S> keep_of(const ModelSpec& spec, const Matrix<S>& drawn) {
  if constexpr (!Kept::wants.retention) return drawn;
  Matrix<S> keep(drawn.rows(), kv_heads_of(spec));
  for (Index head = 0; head < keep.cols(); ++head) {
    keep.col(head) = drawn.array().abs() * (S(-0.05) * static_cast<S>(head + 1));
  }
  return keep;
}

/// The shape of the only attention layer of a spec.
inline AttentionShape shape_of(const ModelSpec& spec) {
  return {.heads = {.heads = spec.heads, .kv_heads = kv_heads_of(spec)},
          .head = head_of(spec),
          .rotary = spec.rotary};
}

/// What a window and a cache answer when a text is read in parts of at most `longest` tokens, cut
/// at random where no chunk ends.
template <class Kept, class S>
Matrix<S> read_cached(const ModelSpec& spec, const CachedRows<S>& text,
                      typename CachedWindow<Kept>::template State<Matrix<S>>& state, Index longest,
                      const reference::Room& room = {1000, {}}) {
  using Memory = CachedWindow<Kept>;
  const AttentionShape shape = shape_of(spec);
  const Matrix<S> keep = keep_of<Kept>(spec, text.keep);
  const CacheOptions options{.slots = room.slots, .pinned = room.pinned};
  RotaryTables<Matrix<S>> rotary;
  Random random(static_cast<std::uint64_t>(longest));
  const Index time = text.q.rows();
  Matrix<S> y(time, text.q.cols());
  for (Index first = 0; first < time;) {
    const Index end = std::min(time, first - first % spec.chunk + spec.chunk);
    const Index count =
        longest >= spec.chunk ? end - first : std::min(end - first, 1 + random.below(longest));
    const auto rows = [&](const Matrix<S>& all) { return Matrix<S>(all.middleRows(first, count)); };
    detail::ContextOf<Memory, Matrix<S>> context{
        .spec = spec, .rotary = rotary, .position = first, .options = options};
    if constexpr (Memory::scored) context.side = {rows(keep)};
    const Matrix<S> q = rows(text.q);
    const Matrix<S> k = rows(text.k);
    const Matrix<S> v = rows(text.v);
    y.middleRows(first, count) =
        Memory{}.attend(state, AttentionRows<Matrix<S>>{q, k, v}, text.gate, shape, context);
    Memory{}.observe(state,
                     std::span(text.surprisal)
                         .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)),
                     spec);
    Memory{}.validate(state, first + count, shape, spec);
    first += count;
  }
  return y;
}

/// Read in any parts, a window and a cache answer what plain loops over the whole text do, and
/// store the same tokens, whatever room there is.
template <ModelSpec Spec, class Kept>
void check_cache_agrees() {
  const CachedRows text(9 * Spec.chunk + 3, Spec.width, 1);
  const Matrix<double> keep = keep_of<Kept>(Spec, text.keep);
  for (const reference::Room& room :
       {reference::Room{1000, {}}, {5, {}}, {5, {0, 11, 12}}, {0, {}}}) {
    std::vector<Entry> kept;
    const Matrix<double> expected =
        reference::CachedText<Kept>{text.q, text.k, text.v, keep, text.gate, text.surprisal, room}
            .read(Spec, kept);
    for (Index longest = Spec.chunk; longest > 0; longest /= 2) {
      CAPTURE(room.slots);
      CAPTURE(longest);
      typename CachedWindow<Kept>::template State<Matrix<double>> state;
      const auto y = read_cached<Kept>(Spec, text, state, longest, room);
      CHECK(disagreement(y, expected) < 1e-12);
      const auto& entries = state.cache.entries;
      REQUIRE(entries.size() == kept.size());
      for (std::size_t n = 0; n < kept.size(); ++n) {
        CHECK(entries[n].position == kept[n].position);
        CHECK(entries[n].readers == kept[n].readers);
        CHECK(entries[n].attended_at == kept[n].attended_at);
        const auto near = [](double number) { return doctest::Approx(number).epsilon(1e-10); };
        CHECK(entries[n].attended == near(kept[n].attended));
        CHECK(entries[n].attended_in_chunk == near(kept[n].attended_in_chunk));
        CHECK(entries[n].attended_last == near(kept[n].attended_last));
        CHECK(entries[n].log_retention == near(kept[n].log_retention));
        CHECK(state.cache.keys.row(static_cast<Index>(n)) == text.k.row(kept[n].position));
      }
    }
  }
}

/// \law no double sight  never in the window and in the cache at once
/// \law no blind spot    every earlier token is in a query's window or was offered before: with
///                       room for everything, and where `all_admitted` says so, it is seen
///
/// Queries and keys are zeros, so that all tokens that a query sees in the window have the same
/// weight, and all that it sees in the cache; the value of a token is a column of its own.
template <ModelSpec Spec, class Kept>
void check_cache_sight(bool all_admitted) {
  constexpr Index time = Spec.width / Spec.heads;
  CachedRows text(time, Spec.width, 2);
  text.q.setZero();
  text.k.setZero();
  text.keep.setZero();
  text.v << Matrix<double>::Identity(time, time).replicate(1, Spec.heads);
  for (const Index slots : {Index{1000}, Index{5}}) {
    for (const Index longest : {Spec.chunk, Index{1}}) {
      typename CachedWindow<Kept>::template State<Matrix<double>> state;
      const auto y = read_cached<Kept>(Spec, text, state, longest, {slots, {}});
      Index twice = 0;
      Index unseen = 0;
      for (Index query = 0; query < time; ++query) {
        const auto shares = y.row(query).head(time).array();
        const Index left = std::max<Index>(0, query + 1 - Spec.window);  // tokens before the window
        const double one = shares(query);  // sees itself, and itself once
        const double far = left > 0 ? shares.head(left).maxCoeff() : 0.0;
        Index near_seen = 0;
        Index far_seen = 0;
        for (Index token = 0; token < time; ++token) {
          if (token > query) CHECK(shares(token) == 0);
          const double share = token < left ? far : one;
          const bool once = share > 0 && std::abs(shares(token) - share) < 1e-12;
          (token < left ? far_seen : near_seen) += once;
          twice += !once && shares(token) != 0;
          if (token <= query && token >= left) CHECK(once);
          unseen += token <= query && !once;
        }
        const double near_sum = one * static_cast<double>(near_seen);
        const double far_sum = far * static_cast<double>(far_seen);
        if constexpr (std::is_same_v<typename Kept::FusePolicy, fuse::OneSoftmax>) {
          if (far_seen > 0) CHECK(far == doctest::Approx(one).epsilon(1e-12));
          CHECK(near_sum + far_sum == doctest::Approx(1).epsilon(1e-12));
        } else if constexpr (std::is_same_v<typename Kept::FusePolicy, fuse::Gated>) {
          const double open = far_seen > 0 ? 1 / (1 + std::exp(-text.gate(0, 0))) : 0.0;
          CHECK(near_sum == doctest::Approx(1).epsilon(1e-12));
          CHECK(far_sum == doctest::Approx(open).epsilon(1e-12));
        }
        CHECK(near_seen <= Spec.window);
        CHECK(far_seen <= slots);
      }
      CAPTURE(slots);
      CAPTURE(longest);
      CHECK(twice == 0);
      if (all_admitted && slots > time) CHECK(unseen == 0);
    }
  }
}

/// \law limit  with room for everything, and in one softmax, equals attention to the whole text
///
/// A window and a cache that answer each by itself do not: no Fuse keeps it but OneSoftmax.
template <ModelSpec Spec, class Kept>
void check_cache_limit() {
  static_assert(std::is_same_v<typename Kept::FusePolicy, fuse::OneSoftmax>);
  constexpr Index time = 40;
  constexpr ModelSpec whole = [] {
    ModelSpec spec = Spec;
    spec.window = time;
    return checked(spec);
  }();
  CachedRows text(time, Spec.width, 3);
  text.keep.setZero();
  RotaryTables<Matrix<double>> rotary;
  Window::State<Matrix<double>> window;
  const Context<Matrix<double>> context{.spec = whole, .rotary = rotary, .options = {}};
  const auto expected =
      Window{}.attend(window, AttentionRows<Matrix<double>>{text.q, text.k, text.v}, text.gate,
                      shape_of(whole), context);
  for (const Index longest : {Spec.chunk, Index{1}}) {
    typename CachedWindow<Kept>::template State<Matrix<double>> state;
    CHECK(disagreement(read_cached<Kept>(Spec, text, state, longest), expected) < 1e-12);
    CHECK(std::ssize(state.cache.entries) == time - Spec.window);
  }
}

/// \law causal  a token changes no bit of an earlier answer
template <ModelSpec Spec, class Kept, class S>
void check_cache_causal() {
  const CachedRows<S> text(7 * Spec.chunk, Spec.width, 4);
  const auto answers = [&](const CachedRows<S>& rows) {
    typename CachedWindow<Kept>::template State<Matrix<S>> state;
    return read_cached<Kept>(Spec, rows, state, 3, {5, {}});
  };
  const Matrix<S> y = answers(text);
  for (Index changed = 0; changed < text.q.rows(); ++changed) {
    CachedRows<S> other = text;
    for (Matrix<S>* rows : {&other.q, &other.k, &other.v, &other.keep}) {
      rows->row(changed).array() += S(1);
    }
    other.surprisal[static_cast<std::size_t>(changed)] += 3;
    const Matrix<S> z = answers(other);
    CAPTURE(changed);
    CHECK(z.topRows(changed) == y.topRows(changed));
    CHECK(z.row(changed) != y.row(changed));
  }
}

}  // namespace laws
