// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/cache.hpp>
#include <ttt/memory/leaving.hpp>
#include <ttt/memory/received.hpp>
#include <ttt/memory/retention.hpp>
#include <ttt/memory/window.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt {

/// What a caching memory takes from outside.
template <class Kept, class W>
struct CacheExtras {
  using Options = CacheOptions;  ///< slots in use, pinned positions, penalties
  /// Keep scores or retentions.
  using Side = std::conditional_t<
      Kept::wants.keep_score, KeepScores,
      std::conditional_t<Kept::wants.retention, Retentions<Kept::slots, W>, NoSide>>;
};

/// A window, and a cache of what leaves it, which answer together as the cache's Fuse says.
///
/// Before a chunk is read, the tokens that will have left the window when it has been read are
/// offered to the cache. A cached token is visible to the queries for which it has left, and to no
/// others.
///
/// \law no blind spot    every earlier token is in a query's window or was offered before
/// \law no double sight  never in the window and in the cache at once
/// \law limit            with room for everything and in one softmax, equals attention to the whole
///                       text
/// \source ours; the idea of a cache for what surprises is of arXiv:2603.06642
template <class Kept, class W = Window>
struct CachedWindow {
  /// What leaves is decided where a chunk begins.
  static constexpr LayerTraits traits{.chunks = true, .surprisal = true};
  static constexpr bool gated = Kept::FusePolicy::gated;  ///< as the Fuse
  using Extras = CacheExtras<Kept, W>;                    ///< of the cache
  static constexpr bool scored = Kept::wants.scored();    ///< keep scores or retentions are stored

  W window{};  ///< its length

  /// The window and the cache.
  template <class A>
  struct State {
    A keys;                      ///< [recent, kv_heads * head], un-rotated, in order
    A values;                    ///< [recent, kv_heads * head]
    A keep;                      ///< [recent, ...], as of the cache
    Metadata<double> surprisal;  ///< of the latest tokens, in nats
    /// [recent], with what they received; empty unless it is wanted.
    Metadata<Entry> recent;
    typename Kept::template State<A> cache{};  ///< of what has left

    /// Calls on(name, member...) for each member of trees of one form.
    static void visit(auto&& on, auto&... trees) {
      on("keys", trees.keys...);
      on("values", trees.values...);
      on("keep", trees.keep...);
      on("surprisal", trees.surprisal...);
      on("recent", trees.recent...);
      on("cache", trees.cache...);
    }
  };

  /// Tokens of the window that a query sees.
  ///
  /// \throws SpecError if they are fewer than a chunk, which leaves the window at once
  [[nodiscard]] constexpr Index tokens(const ModelSpec& spec) const {
    require_rule(window.tokens(spec) >= spec.chunk,
                 "a window with a cache must be at least a chunk");
    return window.tokens(spec);
  }

  /// Throws ShapeError or RangeError unless `state` can be that of `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const AttentionShape& shape,
                const ModelSpec& spec) const {
    const auto expect_rows = [](const char* name, const M& array, Index rows, Index cols) {
      ttt::expect_rows("CachedWindow", name, array, rows, cols);
    };
    const Index stored = std::ssize(state.cache.entries);
    const Index of_chunk = position == 0 ? 0 : (position - 1) % spec.chunk + 1;  // read of it
    const Index recent = std::min(position, tokens(spec) + of_chunk);
    if (stored > Kept::slots) {
      throw RangeError("CachedWindow: entries must be at most " + std::to_string(Kept::slots) +
                       ", got " + std::to_string(stored));
    }
    expect_rows("keys", state.keys, recent, shape.kv_width());
    expect_rows("values", state.values, recent, shape.kv_width());
    expect_rows("keep", state.keep, scored ? recent : 0, scores(shape));
    expect_rows("cache.keys", state.cache.keys, stored, shape.kv_width());
    expect_rows("cache.values", state.cache.values, stored, shape.kv_width());
    expect_rows("cache.keep", state.cache.keep, scored ? stored : 0, scores(shape));
    expect_recent(state.recent, position, Kept::wants.window_attention ? recent : 0);
    if (std::ssize(state.surprisal) < recent) {
      throw RangeError("CachedWindow: surprisal must be that of the latest tokens");
    }
    // The first position that was not offered.
    detail::expect_rising("CachedWindow", state.cache.entries,
                          position - of_chunk + spec.chunk - tokens(spec));
  }

  /// Notes the surprisal of the tokens that were read last, as far back as offers look.
  template <class A>
  void observe(State<A>& state, std::span<const double> surprisal, const ModelSpec& spec) const {
    state.surprisal.insert(state.surprisal.end(), surprisal.begin(), surprisal.end());
    const Index most = tokens(spec) + 2 * spec.chunk;
    if (std::ssize(state.surprisal) > most) {
      state.surprisal.erase(state.surprisal.begin(), state.surprisal.end() - most);
    }
  }

  /// Offers what leaves, appends the tokens' keys and values, and attends to what each query sees.
  ///
  /// \shape  rows of [time, ...] -> [time, heads * head]; gate [1, 1], if gated
  /// \throws ShapeError if keep scores are not one for each token, or retentions not one for each
  ///         head; RangeError if the tokens go beyond the chunk that they begin in, what was read
  ///         was not observed, or options.slots is negative; NumberError if a signal is not a
  ///         number. The state is then untouched.
  /// \cost   O(time * (window + slots) * heads * head)
  template <class X, class G, class C>
  [[nodiscard]] X attend(State<X>& state, const AttentionRows<X>& rows, const G& gate,
                         const AttentionShape& shape, const C& context) const {
    const Index begin = context.position - context.position % context.spec.chunk;  // of the chunk
    const Index time = row_count(rows.q);
    if (context.position + time > begin + context.spec.chunk) {
      throw RangeError("CachedWindow.attend: a read at position " +
                       std::to_string(context.position) + " must end with its chunk, at " +
                       std::to_string(begin + context.spec.chunk) + ", got " +
                       std::to_string(time) + " tokens");
    }
    if constexpr (scored) {
      expect_shape("CachedWindow.attend", "keep", context.side.keep, {time, scores(shape)});
    }
    if (context.position == begin) {
      offer_leaving(state, shape, context);
      for (Entry& entry : state.recent) entry.attended_in_chunk = 0;
      for (Entry& entry : state.cache.entries) entry.attended_in_chunk = 0;
    }
    state.keys = append_rows(state.keys, rows.k);
    state.values = append_rows(state.values, rows.v);
    if constexpr (scored) state.keep = append_rows(state.keep, context.side.keep);
    if constexpr (Kept::wants.window_attention) {
      for (Index at = context.position; at < context.position + time; ++at) {
        state.recent.push_back({.position = at, .attended_at = at});
      }
    }
    return answer(state, rows.q, gate, shape, context,
                  begin + context.spec.chunk - tokens(context.spec));
  }

 private:
  /// Keep scores or retentions of a token.
  static Index scores(const AttentionShape& shape) {
    return Kept::wants.retention ? shape.heads.kv_heads : 1;
  }
  static void expect_recent(const Metadata<Entry>& recent, Index position, Index count) {
    if (std::ssize(recent) != count) {
      throw RangeError("CachedWindow: recent must have " + std::to_string(count) +
                       " entries, got " + std::to_string(recent.size()));
    }
    for (Index n = 0; n < count; ++n) {
      if (at(recent, n).position != position - count + n) {
        throw RangeError("CachedWindow: positions of recent must be those before " +
                         std::to_string(position) + ", got " +
                         std::to_string(at(recent, n).position));
      }
    }
  }

  /// Evicts from the window what no query of the chunk sees, and offers what will leave in it.
  template <class X, class C>
  void offer_leaving(State<X>& state, const AttentionShape& shape, const C& context) const {
    const Index recent = std::min(row_count(state.keys), tokens(context.spec));
    const Index leaving = recent + context.spec.chunk - tokens(context.spec);
    if (leaving <= 0) return;
    if (std::ssize(state.surprisal) < recent) {
      throw RangeError("CachedWindow.attend: surprisal must be that of the last " +
                       std::to_string(recent) + " tokens at least, got " +
                       std::to_string(state.surprisal.size()) + ": observe what is read");
    }
    const auto newest = [&](const X& rows) {
      const Index count = row_count(rows);
      return count > recent ? take_rows(rows, count - recent, recent) : rows;
    };
    const X keys = newest(state.keys);
    const X values = newest(state.values);
    const X keep = scored ? newest(state.keep) : state.keep;
    const auto oldest = [&](const X& rows) { return take_rows(rows, 0, leaving); };
    // A signal sees as far back as every session remembers.
    const Index seen =
        std::min(std::ssize(state.surprisal), tokens(context.spec) + context.spec.chunk);
    const auto last = [](const auto& all, Index count) {
      return std::span(all).last(static_cast<std::size_t>(std::min(std::ssize(all), count)));
    };
    const detail::Offers offers = detail::offers_of<Kept::wants>(
        detail::WindowTokens<X>{keys, values, keep, last(state.surprisal, seen),
                                last(state.recent, recent)},
        leaving, context.position, shape.heads.kv_heads);
    Kept::offer(state.cache,
                {.keys = oldest(keys),
                 .values = oldest(values),
                 .keep = scored ? oldest(keep) : keep,
                 .offers = offers.all},
                context.position, context.options);
    if (std::ssize(state.recent) > recent) {
      state.recent.erase(state.recent.begin(), state.recent.end() - recent);
    }
    state.keys = keys;
    state.values = values;
    state.keep = keep;
  }

  /// Attends. `stays` is the position of the first token that has not left by the end of the chunk;
  /// it stands behind as many positions as the cache has slots, or a chunk tokens.
  template <class X, class G, class C>
  [[nodiscard]] X answer(State<X>& state, const X& q, const G& gate, const AttentionShape& shape,
                         const C& context, Index stays) const {
    const Index time = row_count(q);
    const Index stored = row_count(state.keys);
    const Index frame = stays - std::max(Kept::slots, context.spec.chunk);
    const auto turned = [&](const X& x, Index first) {
      return rotate(x, context.rotary, shape.head, shape.rotary, first - frame);
    };
    const X window_q = turned(q, context.position);
    const X window_k = turned(state.keys, context.position + time - stored);
    const VisibleKeys window_visible = VisibleKeys::sliding(time, stored, tokens(context.spec));
    Metadata<Entry>& entries = state.cache.entries;
    VisibleKeys cache_visible =
        detail::entries_outside(tokens(context.spec), entries, context.position, time);
    if constexpr (Kept::wants.retention) {
      cache_visible.age = detail::ages_at(context.position, entries);
    }
    X cache_q = q;
    X cache_k = state.cache.keys;
    if (auto places = typename Kept::PlacePolicy{}(entries, stays); places && !entries.empty()) {
      for (Index& place : *places) place -= frame;
      cache_q = window_q;
      cache_k = rotate(state.cache.keys, context.rotary, shape.head, shape.rotary,
                       std::span<const Index>(*places));
    }
    const AttentionInputs<X> inputs{.window_q = window_q,
                                    .window_k = window_k,
                                    .window_v = state.values,
                                    .cache_q = cache_q,
                                    .cache_k = cache_k,
                                    .cache_v = state.cache.values,
                                    .bias = state.cache.keep,
                                    .heads = shape.heads,
                                    .window_visible = window_visible,
                                    .cache_visible = cache_visible,
                                    .window_reported = Kept::wants.window_attention};
    Answer<X> answer =
        entries.empty() ? inputs.window_alone() : typename Kept::FusePolicy{}(inputs, gate);
    const auto received = [&](const X& rows, const VisibleKeys& visible) {
      const auto& told = value_of(array_of(rows));
      return detail::Received(is_zero(told) ? std::vector<double>{} : numbers(told), visible,
                              context.position);
    };
    if (time > 0) {
      detail::note_attention(state.recent, entries,
                             received(answer.window_received, window_visible),
                             received(answer.received, cache_visible));
    }
    return std::move(answer.rows);
  }
};

namespace detail {

template <class T>
inline constexpr bool is_cache = false;
template <Index Slots, class... Policies>
inline constexpr bool is_cache<Cache<Slots, Policies...>> = true;

}  // namespace detail

/// `Attend<Window, Cache<...>>` attends to both at once.
template <std::derived_from<Window> W, class Kept>
requires detail::is_cache<Kept>
struct CombinedMemory<W, Kept> : std::type_identity<CachedWindow<Kept, W>> {
};

static_assert(AttentionMemory<CachedWindow<Cache<4>>> &&
              AttentionMemory<CachedWindow<Cache<4, evict::LowestKeepScore>>>);

}  // namespace ttt
