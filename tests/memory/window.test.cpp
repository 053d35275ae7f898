// SPDX-License-Identifier: Apache-2.0
#include <ttt/memory/whole.hpp>
#include <ttt/memory/window.hpp>

#include <doctest/doctest.h>

#include <algorithm>

#include "laws/numbers.hpp"
#include "reference/attend.hpp"
#include "reference/rotate.hpp"

namespace {

using namespace ttt;
using laws::normal;

using M = Matrix<double>;

constexpr ModelSpec spec =
    checked({.vocab = 2, .width = 16, .heads = 4, .hidden = 1, .window = 7, .chunk = 5});
constexpr Index time = 63;
constexpr Index head = 4;
constexpr NoOptions none;

/// A memory, how many heads its keys have, and how many tokens it sees.
template <class Memory>
struct Setting {
  Memory memory;
  Index kv_heads;
  Index sees;
};

M turned(const M& x) { return reference::rotate(x, head, 500, 0, 2, 1); }

/// A memory that is read in parts answers as attention at absolute positions over the whole text.
/// `check_state` is given its state, how many tokens were read, and all keys and values.
template <class Memory, class Check>
void check_memory(const Setting<Memory>& setting, Check check_state) {
  const auto& [memory, kv_heads, sees] = setting;
  const AttentionShape shape{.heads = {.heads = spec.heads, .kv_heads = kv_heads},
                             .head = head,
                             .rotary = {.pairs = RotaryPairs::interleaved, .base = 500}};
  Random random(1);
  const auto q = normal(time, spec.width, random);
  const auto k = normal(time, kv_heads * head, random);
  const auto v = normal(time, kv_heads * head, random);
  const M whole = reference::attend<double>(
      {{turned(q), turned(k), v, {}, reference::within(time, time, sees)}}, spec.heads, kv_heads);

  RotaryTables<M> rotary;
  for (int cut = 0; cut < 50; ++cut) {
    typename Memory::template State<M> state;
    for (Index first = 0; first < time;) {
      const Index count = std::min(time - first, 1 + random.below(spec.chunk));
      const auto rows = [&](const M& x) { return M(x.middleRows(first, count)); };
      const Context<M> context{.spec = spec, .rotary = rotary, .position = first, .options = none};
      CAPTURE(first);
      CAPTURE(count);
      const M own_q = rows(q);
      const M own_k = rows(k);
      const M own_v = rows(v);
      const M y = memory.attend(state, AttentionRows<M>{own_q, own_k, own_v}, M{}, shape, context);
      CHECK(laws::disagreement(y, rows(whole)) < 1e-12);
      first += count;
      CHECK_NOTHROW(memory.validate(state, first, shape, spec));
      CHECK(state.keys.rows() == state.values.rows());
      check_state(state, first, k, v);
    }
  }
}

TEST_SUITE("memory") {
  TEST_CASE("Window, read in parts, is attention at absolute positions over the whole text") {
    for (const Setting<Window>& setting : {Setting<Window>{{}, 4, 7},
                                           {{}, 2, 7},
                                           {{}, 1, 7},
                                           {{.length = 3}, 4, 3},
                                           {{.length = 1}, 2, 1},
                                           {{.length = 20}, 1, 20}}) {
      CAPTURE(setting.kv_heads);
      CAPTURE(setting.sees);
      check_memory(setting, [&](const auto& state, Index read, const M& k, const M& v) {
        CHECK(state.keys.rows() >= std::min(read, setting.sees));
        CHECK(state.keys.rows() < setting.sees + spec.chunk);
        CHECK(state.keys.bottomRows(1) == k.row(read - 1));  // as they came: not turned
        CHECK(state.values.bottomRows(1) == v.row(read - 1));
      });
    }
  }

  TEST_CASE("Whole, read in parts, is attention over all of the text, and stores all of it") {
    for (const Index kv_heads : {4, 2, 1}) {
      CAPTURE(kv_heads);
      check_memory(Setting<Whole>{{}, kv_heads, time},
                   [](const auto& state, Index read, const M& k, const M& v) {
                     CHECK(state.recent_keys.rows() < spec.chunk);
                     const auto all = [](const M& stored, const M& recent) {
                       return recent.rows() == 0 ? stored : append_rows(stored, recent);
                     };
                     CHECK(all(state.values, state.recent_values) == v.topRows(read));
                     CHECK(laws::disagreement(all(state.keys, state.recent_keys),
                                              M(turned(k).topRows(read))) < 1e-12);
                   });
    }
  }

  TEST_CASE("Window and Whole refuse states that no text leaves") {
    const AttentionShape shape{
        .heads = {.heads = 4, .kv_heads = 2}, .head = head, .rotary = spec.rotary};
    const auto window = [&](const M& keys, const M& values, Index position) {
      Window{}.validate(Window::State<M>{keys, values}, position, shape, spec);
    };
    CHECK_NOTHROW(window({}, {}, 0));
    CHECK_NOTHROW(window(M(11, 8), M(11, 8), 100));
    CHECK_THROWS_WITH_AS(window(M(12, 8), M(12, 8), 100),
                         "Window: keys must have 7..11 rows, got 12", RangeError);
    CHECK_THROWS_WITH_AS(window(M(4, 8), M(4, 8), 3), "Window: keys must have 3..3 rows, got 4",
                         RangeError);
    CHECK_THROWS_WITH_AS(window({}, {}, 100), "Window: keys must have 7..11 rows, got 0",
                         RangeError);
    CHECK_THROWS_WITH_AS(window(M(3, 16), M(3, 16), 3), "Window: keys must be [3, 8], got [3, 16]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(window(M(3, 8), M(2, 8), 3), "Window: values must be [3, 8], got [2, 8]",
                         ShapeError);
    const auto whole = [&](const M& keys, const M& values, const M& recent, Index position) {
      Whole{}.validate(Whole::State<M>{keys, values, recent, recent}, position, shape, spec);
    };
    CHECK_NOTHROW(whole({}, {}, {}, 0));
    CHECK_NOTHROW(whole(M(30, 8), M(30, 8), {}, 30));
    CHECK_NOTHROW(whole(M(30, 8), M(30, 8), M(4, 8), 34));
    CHECK_NOTHROW(whole({}, {}, M(4, 8), 4));
    CHECK_THROWS_WITH_AS(whole(M(29, 8), M(30, 8), {}, 30),
                         "Whole: keys must be [30, 8], got [29, 8]", ShapeError);
    CHECK_THROWS_WITH_AS(whole(M(30, 8), M(30, 7), {}, 30),
                         "Whole: values must be [30, 8], got [30, 7]", ShapeError);
    CHECK_THROWS_WITH_AS(whole(M(30, 8), M(30, 8), M(2, 7), 32),
                         "Whole: recent_keys must be [2, 8], got [2, 7]", ShapeError);
    CHECK_THROWS_WITH_AS(whole(M(30, 8), M(30, 8), M(5, 8), 35),
                         "Whole: recent_keys must have fewer than 5 rows, got 5", RangeError);
  }
}

}  // namespace
