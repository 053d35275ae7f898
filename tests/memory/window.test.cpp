// SPDX-License-Identifier: Apache-2.0
#include <ttt/memory/window.hpp>

#include <doctest/doctest.h>

#include "laws/numbers.hpp"
#include "reference/attend.hpp"
#include "reference/rotate.hpp"

namespace {

using namespace ttt;
using laws::normal;

using M = Matrix<double>;

constexpr ModelSpec spec =
    checked({.vocab = 2, .width = 8, .heads = 2, .hidden = 1, .window = 7, .chunk = 5});

TEST_SUITE("memory") {
  TEST_CASE("Window, read in parts, is attention at absolute positions over the whole text") {
    constexpr Index time = 63;
    constexpr Index head = spec.width / spec.heads;
    Random random(1);
    const auto q = normal(time, spec.width, random);
    const auto k = normal(time, spec.width, random);
    const auto v = normal(time, spec.width, random);
    const auto turned = [&](const M& x) { return reference::rotate(x, head, 10000, 0, 2, 1); };
    const M whole = reference::attend(turned(q), turned(k), v, spec.heads, spec.window);

    const RotaryTable<double> table(Window::positions(spec), head, 10000, Rotary::interleaved);
    const Pass<M> pass{.rotary = &table};
    for (int cut = 0; cut < 50; ++cut) {
      Window::State<M> state;
      for (Index first = 0; first < time;) {
        const Index count = std::min(time - first, 1 + random.below(spec.chunk));
        const auto rows = [&](const M& x) { return M(x.middleRows(first, count)); };
        CAPTURE(first);
        CAPTURE(count);
        CHECK(laws::disagreement(Window::attend<spec>(state, rows(q), rows(k), rows(v), pass),
                                 rows(whole)) < 1e-12);
        first += count;
        CHECK(state.keys.rows() == state.values.rows());
        CHECK(state.keys.rows() >= std::min(first, spec.window));
        CHECK(state.keys.rows() < spec.window + spec.chunk);
        CHECK(state.keys.bottomRows(1) == k.row(first - 1));  // as they came: not turned
        CHECK(state.values.bottomRows(1) == v.row(first - 1));
      }
    }
  }
}

}  // namespace
