// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/attend.hpp>
#include <ttt/memory/cache.hpp>
#include <ttt/memory/entry.hpp>
#include <ttt/memory/fuse.hpp>
#include <ttt/memory/reconstruction.hpp>
#include <ttt/memory/window.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt {

/// A window, and a cache of what leaves it, which answer together as the cache's Fuse says.
///
/// Before a chunk is read, the tokens that will have left the window when it has been read are
/// offered to the cache. A kept token is seen by the queries for which it has left, and by no
/// others.
///
/// \law no blind spot    every earlier token is in a query's window or was offered before
/// \law no double sight  never in the window and in the cache at once
/// \law limit            with room for everything and in one softmax, equals attention to the whole
///                       text
/// \source ours; the idea of a cache for what surprises is of arXiv:2603.06642
template <class Kept>
struct CachedWindow {
  /// Whether the model gives keep scores.
  static constexpr bool scored = Kept::scored;
  /// Whether the model learns a gate.
  static constexpr bool gated = Kept::FusePolicy::gated;
  /// Reads must keep to chunks: what leaves is decided where one begins.
  static constexpr bool reads_chunks = true;

  /// The window and the cache.
  template <class A>
  struct State {
    A keys;                                    ///< [recent, width], un-rotated, the oldest first
    A values;                                  ///< [recent, width]
    A keep;                                    ///< [recent, 1], or without rows if not scored
    typename Kept::template State<A> cache{};  ///< of what has left

    static void visit(auto&& on, auto&... trees) {
      on("keys", trees.keys...);
      on("values", trees.values...);
      on("keep", trees.keep...);
      on("cache", trees.cache...);
    }
  };

  /// Rows of the rotary table that a read needs.
  static constexpr Index positions(const ModelSpec& spec) {
    return spec.window + std::max(Kept::slots, spec.chunk);
  }

  /// Throws ShapeError or RangeError unless `state` can be what is kept at `position`.
  template <ModelSpec Spec, class M>
  static void expect(const State<M>& state, Index position) {
    const auto expect_rows = [](const std::string& name, const M& array, Index rows, Index cols) {
      expect_shape("CachedWindow", name, array, {rows, rows == 0 ? any : cols});
    };
    const Index recent = state.keys.rows();
    const Index kept = std::ssize(state.cache.entries);
    const Index of_chunk = position == 0 ? 0 : (position - 1) % Spec.chunk + 1;  // read of it
    const Index most = std::min(position, Spec.window + of_chunk);
    if (recent > most || kept > Kept::slots) {
      throw RangeError("CachedWindow: keys must have at most " + std::to_string(most) +
                       " rows and entries at most " + std::to_string(Kept::slots) + ", got " +
                       std::to_string(recent) + " and " + std::to_string(kept));
    }
    expect_rows("keys", state.keys, recent, Spec.width);
    expect_rows("values", state.values, recent, Spec.width);
    expect_rows("keep", state.keep, scored ? recent : 0, 1);
    expect_rows("cache.keys", state.cache.keys, kept, Spec.width);
    expect_rows("cache.values", state.cache.values, kept, Spec.width);
    expect_rows("cache.keep", state.cache.keep, scored ? kept : 0, 1);
    const Index stays = position - of_chunk + Spec.chunk - Spec.window;  // the first not offered
    Index before = -1;
    for (const Entry& entry : state.cache.entries) {
      if (entry.position <= before || entry.position >= stays) {
        throw RangeError("CachedWindow: positions of entries must rise below " +
                         std::to_string(stays) + ", got " + std::to_string(entry.position) +
                         " behind " + std::to_string(before));
      }
      before = entry.position;
      for (const double number : {entry.surprisal, entry.keep, entry.signal, entry.attended}) {
        if (!std::isfinite(number)) throw RangeError("CachedWindow: entries must be finite");
      }
    }
  }

  /// Offers what leaves, appends the tokens' keys and values, and attends to what each query sees.
  ///
  /// \shape  q, k, v [time, width] -> [time, width]; un-rotated; gate [1, 1], if gated
  /// \throws RangeError if the tokens go beyond the chunk that they begin in, pass.surprisal does
  ///         not reach back a window, or pass.slots is negative; NumberError if a signal is not a
  ///         number. The state is then untouched.
  /// \cost   O(time * (window + slots) * width)
  template <ModelSpec Spec, class X, class Gate = X>
  [[nodiscard]] static X attend(State<X>& state, const X& q, const X& k, const X& v,
                                const Pass<X>& pass, const Gate& gate = {}) {
    const Index begin = pass.position - pass.position % Spec.chunk;  // of the chunk
    const Index time = row_count(q);
    if (pass.position + time > begin + Spec.chunk) {
      throw RangeError("CachedWindow.attend: a read at position " + std::to_string(pass.position) +
                       " must end with its chunk, at " + std::to_string(begin + Spec.chunk) +
                       ", got " + std::to_string(time) + " tokens");
    }
    if (pass.position == begin) offer_leaving<Spec>(state, pass);

    const Index recent = row_count(state.keys);
    state.keys = append_rows(std::move(state.keys), k);
    state.values = append_rows(std::move(state.values), v);
    if constexpr (scored) state.keep = append_rows(std::move(state.keep), pass.keep);

    // The frame: the first token that has not left by the end of the chunk stands behind the slots.
    const Index stays = begin + Spec.chunk - Spec.window;
    const Index frame = stays - std::max(Kept::slots, Spec.chunk);
    const auto& table = *pass.rotary;
    const X near_q = rotate(q, table, pass.position - frame);
    const X near_k = rotate(state.keys, table, pass.position - recent - frame);
    Notes<Entry>& entries = state.cache.entries;
    if (entries.empty()) {
      return ttt::attend(near_q, near_k, state.values, Spec.heads, Spec.window);
    }

    std::vector<Index> seen;
    for (Index query = pass.position; query < pass.position + time; ++query) {
      const auto unseen = std::ranges::partition_point(
          entries, [&](const Entry& e) { return e.position <= query - Spec.window; });
      seen.push_back(unseen - entries.begin());
    }
    X far_q = q;
    X far_k = state.cache.keys;
    if (auto places = typename Kept::PlacePolicy{}(entries, stays)) {
      for (Index& place : *places) place -= frame;
      far_q = near_q;
      far_k = rotate(state.cache.keys, table, *places);
    }
    KeptAttention watched;
    X y = typename Kept::FusePolicy{}(Sight<X>{.near_q = near_q,
                                               .near_k = near_k,
                                               .near_v = state.values,
                                               .far_q = far_q,
                                               .far_k = far_k,
                                               .far_v = state.cache.values,
                                               .bias = state.cache.keep,
                                               .heads = Spec.heads,
                                               .window = Spec.window,
                                               .seen = seen,
                                               .watched = &watched},
                                      gate);
    note_attention(entries, watched, seen, pass.position);
    return y;
  }

 private:
  /// Lets the window forget what no query of the chunk sees, and offers what will leave in it.
  template <ModelSpec Spec, class X>
  static void offer_leaving(State<X>& state, const Pass<X>& pass) {
    const Index recent = std::min(row_count(state.keys), Spec.window);
    const Index first = pass.position - recent;
    const Index leaving = recent + Spec.chunk - Spec.window;
    if (leaving <= 0) return;
    if (std::ssize(pass.surprisal) < recent) {
      throw RangeError("CachedWindow.attend: surprisal must reach back " + std::to_string(recent) +
                       " tokens, got " + std::to_string(pass.surprisal.size()));
    }
    // A signal sees as far back as a session remembers, also where more is known.
    const std::span nats = pass.surprisal.last(
        std::min(pass.surprisal.size(), static_cast<std::size_t>(Spec.window + Spec.chunk)));
    const Index known = pass.position - std::ssize(nats);  // whose is the first
    const auto newest = [&](const X& rows) {
      const Index count = row_count(rows);
      return count > recent ? take_rows(rows, count - recent, recent) : rows;
    };
    const X keys = newest(state.keys);
    const X values = newest(state.values);
    const X keep = scored ? newest(state.keep) : state.keep;

    std::vector<double> missed;
    if constexpr (Kept::reconstructs) {
      missed = reconstruction_errors(value_of(array_of(keys)), value_of(array_of(values)), leaving,
                                     Spec.heads);
    }
    std::vector<Offer> offers;
    for (Index n = 0; n < leaving; ++n) {
      const auto at = static_cast<std::size_t>(first + n - known);
      offers.push_back({.entry = {.position = first + n,
                                  .surprisal = nats[at],
                                  .keep = scored ? keep_score(keep, n) : 0,
                                  .attended_at = pass.position},
                        .surprisal = nats,
                        .at = at});
      if constexpr (Kept::reconstructs) {
        offers.back().reconstruction = missed[static_cast<std::size_t>(n)];
      }
    }
    const auto oldest = [&](const X& rows) { return take_rows(rows, 0, leaving); };
    Kept::offer(state.cache,
                {.keys = oldest(keys),
                 .values = oldest(values),
                 .keep = scored ? oldest(keep) : keep,
                 .offers = offers},
                {.slots = pass.slots, .pinned = pass.pinned});
    state.keys = keys;
    state.values = values;
    state.keep = keep;
  }

  template <class X>
  static double keep_score(const X& keep, Index row) {
    return static_cast<double>(element(value_of(array_of(keep)), row));
  }

  static void note_attention(Notes<Entry>& entries, const KeptAttention& watched,
                             const std::vector<Index>& seen, Index position) {
    if (watched.mass.empty()) return;  // where the answer was known from a recording
    for (std::size_t n = 0; n < entries.size(); ++n) {
      Entry& entry = entries[n];
      entry.attended += watched.mass[n];
      entry.readers +=
          std::ranges::count_if(seen, [&](Index count) { return static_cast<Index>(n) < count; });
      if (watched.last[n] >= 0) entry.attended_at = position + watched.last[n];
    }
  }
};

/// `Attend<Window, Cache<...>>` attends to both at once.
template <Index Slots, class... Policies>
struct Together<Window, Cache<Slots, Policies...>>
    : std::type_identity<CachedWindow<Cache<Slots, Policies...>>> {};

}  // namespace ttt
