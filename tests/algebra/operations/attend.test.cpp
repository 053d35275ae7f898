// SPDX-License-Identifier: Apache-2.0
#include "reference/attend.hpp"

#include <ttt/algebra/operations/attend.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// Rounding of a softmax over a few hundred keys.
template <class S>
constexpr double tolerance = 1e-12;
template <>
constexpr double tolerance<float> = 1e-5;

struct Case {
  Index queries, keys, heads, kv_heads, head, window;
};

/// A window over a text, of whose tokens the queries are the last.
template <class S>
struct Windowed {
  Matrix<S> q, k, v;
  Attention op;

  Windowed(const Case& c, Random& random)
      : q(normal<S>(c.queries, c.heads * c.head, random)),
        k(normal<S>(c.keys, c.kv_heads * c.head, random)),
        v(normal<S>(c.keys, c.kv_heads * c.head, random)),
        op{{c.heads, c.kv_heads}, {VisibleKeys::sliding(c.queries, c.keys, c.window)}} {}

  [[nodiscard]] reference::Source<S> source(const Case& c) const {
    return {q, k, v, {}, reference::within(c.queries, c.keys, c.window)};
  }
};

/// How many of `kept` keys each query sees: the first none, the last all.
std::vector<Index> growing(Index queries, Index kept) {
  std::vector<Index> seen;
  for (Index i = 0; i < queries; ++i)
    seen.push_back(queries == 1 ? kept : kept * i / (queries - 1));
  return seen;
}

/// Keys that every query sees a leading part of, each with a bias.
template <class S>
struct Kept {
  Matrix<S> q, k, v, bias;
  std::vector<Index> seen;

  Kept(const Case& c, Index kept, Random& random)
      : q(normal<S>(c.queries, c.heads * c.head, random)),
        k(normal<S>(kept, c.kv_heads * c.head, random)),
        v(normal<S>(kept, c.kv_heads * c.head, random)),
        bias(normal<S>(kept, 1, random)),
        seen(growing(c.queries, kept)) {}

  [[nodiscard]] reference::Source<S> source() const {
    return {q, k, v, bias, reference::leading(seen)};
  }
};

/// The same, whose weight falls with their age, in each head of keys and values as it likes.
template <class S>
struct Decayed : Kept<S> {
  std::vector<Index> age;

  Decayed(const Case& c, Index kept, Random& random) : Kept<S>(c, kept, random) {
    this->bias = normal<S>(kept, c.kv_heads, random, 0.1);
    for (Index j = 0; j < kept; ++j) age.push_back(kept - j + random.below(2));
  }

  [[nodiscard]] VisibleKeys visible() const {
    VisibleKeys keys = VisibleKeys::leading(this->seen);
    keys.age = age;
    return keys;
  }
  [[nodiscard]] reference::Source<S> source() const {
    reference::Source<S> decayed = Kept<S>::source();
    decayed.age = age;
    return decayed;
  }
};

Matrix<double> zeros(Index rows, Index cols) { return Matrix<double>::Zero(rows, cols); }

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("attend over a window equals its plain loops", S, double, float) {
    Random random(1);
    for (const Case& c : {
             Case{1, 1, 1, 1, 2, 1},        // itself alone
             Case{15, 15, 3, 3, 5, 100},    // a window larger than the text
             Case{16, 16, 1, 1, 16, 16},    // as large as the text
             Case{17, 17, 2, 2, 4, 5},      // smaller
             Case{33, 33, 2, 2, 3, 1},      // each its own value
             Case{1, 40, 2, 2, 4, 33},      // one query behind many keys
             Case{8, 24, 2, 2, 6, 16},      // a chunk behind a full window
             Case{8, 100, 1, 1, 4, 16},     // keys that no query sees
             Case{200, 200, 1, 1, 4, 17},   // several tiles with a window inside a tile
             Case{200, 211, 1, 1, 4, 130},  // several tiles, a window over tiles
             Case{129, 129, 1, 1, 2, 500},  // several tiles, everything seen
             Case{20, 30, 4, 2, 4, 9},      // neighbouring heads share keys and values
             Case{70, 70, 6, 1, 3, 30},     // all heads share them
             Case{5, 9, 3, 3, 1, 4}         // heads of one element
         }) {
      CAPTURE(c.queries);
      CAPTURE(c.keys);
      CAPTURE(c.heads);
      CAPTURE(c.kv_heads);
      CAPTURE(c.window);
      const Windowed<S> in(c, random);
      CHECK(laws::disagreement(attend(in.q, in.k, in.v, Matrix<S>(), in.op.heads, in.op.visible[0]),
                               reference::attend<S>({in.source(c)}, c.heads, c.kv_heads)) <
            tolerance<S>);
    }
  }

  TEST_CASE_TEMPLATE("attend over leading keys with a bias equals its plain loops", S, double,
                     float) {
    Random random(2);
    for (const auto& [queries, kept, heads, kv_heads] :
         {std::array<Index, 4>{1, 1, 1, 1}, std::array<Index, 4>{8, 17, 2, 2},
          std::array<Index, 4>{130, 40, 4, 2}}) {
      CAPTURE(queries);
      const Kept<S> in({queries, 0, heads, kv_heads, 3, 0}, kept, random);
      const Attention op{{heads, kv_heads}, {VisibleKeys::leading(in.seen)}};
      CHECK(laws::disagreement(op.value(in.q, in.k, in.v, in.bias),
                               reference::attend<S>({in.source()}, heads, kv_heads)) <
            tolerance<S>);
    }
  }

  TEST_CASE_TEMPLATE("Two sources share one softmax, each with visible keys of its own", S, double,
                     float) {
    Random random(3);
    for (const auto& [c, kept] :
         {std::pair(Case{1, 1, 1, 1, 2, 1}, Index{1}),            // the least there can be
          std::pair(Case{8, 24, 2, 2, 6, 16}, Index{17}),         // a chunk behind a full window
          std::pair(Case{70, 90, 4, 2, 4, 20}, Index{33}),        // more queries than a tile
          std::pair(Case{130, 130, 3, 1, 2, 500}, Index{40})}) {  // every key seen
      CAPTURE(c.queries);
      const Windowed<S> near(c, random);
      const Kept<S> far(c, kept, random);
      const JointAttention op{near.op.heads, {near.op.visible[0], VisibleKeys::leading(far.seen)}};
      CHECK(laws::disagreement(
                op.value(near.q, near.k, near.v, Matrix<S>(), far.q, far.k, far.v, far.bias),
                reference::attend<S>({near.source(c), far.source()}, c.heads, c.kv_heads)) <
            tolerance<S>);
    }
  }

  TEST_CASE_TEMPLATE("where keys have ages, their biases are for each token of age and head", S,
                     double, float) {
    Random random(12);
    for (const auto& [c, kept] : {std::pair(Case{1, 1, 1, 1, 2, 1}, Index{1}),
                                  std::pair(Case{8, 24, 2, 2, 6, 16}, Index{17}),
                                  std::pair(Case{130, 130, 4, 2, 2, 70}, Index{40})}) {
      CAPTURE(c.queries);
      const Windowed<S> near(c, random);
      Decayed<S> far(c, kept, random);
      const JointAttention op{near.op.heads, {near.op.visible[0], far.visible()}};
      CHECK(laws::disagreement(
                op.value(near.q, near.k, near.v, Matrix<S>(), far.q, far.k, far.v, far.bias),
                reference::attend<S>({near.source(c), far.source()}, c.heads, c.kv_heads)) <
            tolerance<S>);
      const Attention alone{near.op.heads, {far.visible()}};
      CHECK(laws::disagreement(alone.value(far.q, far.k, far.v, far.bias),
                               reference::attend<S>({far.source()}, c.heads, c.kv_heads)) <
            tolerance<S>);
      far.bias.setZero();
      const Attention undecayed{near.op.heads, {VisibleKeys::leading(far.seen)}};
      CHECK(laws::disagreement(alone.value(far.q, far.k, far.v, far.bias),
                               undecayed.value(far.q, far.k, far.v, Matrix<S>())) < tolerance<S>);
    }
  }

  TEST_CASE("attend to keys with ages has its derivatives") {
    Random random(13);
    for (const auto& [c, kept] :
         {std::pair(Case{1, 1, 1, 1, 2, 1}, Index{1}), std::pair(Case{4, 7, 4, 2, 2, 3}, Index{5}),
          std::pair(Case{70, 71, 1, 1, 2, 17}, Index{3})}) {
      CAPTURE(c.queries);
      const Windowed<double> near(c, random);
      Decayed<double> far(c, kept, random);
      // Only the last queries see keys, which are young: quotients of old ones have few digits.
      for (Index i = 0; i < c.queries - 10; ++i) at(far.seen, i) = 0;
      for (Index& age : far.age) age -= std::max<Index>(0, c.queries - 5);
      laws::check_operation(Attention{near.op.heads, {far.visible()}}, far.q, far.k, far.v,
                            far.bias);
      laws::check_operation(JointAttention{near.op.heads, {near.op.visible[0], far.visible()}},
                            near.q, near.k, near.v, normal(c.keys, 1, random), far.q, far.k, far.v,
                            far.bias);
    }
  }

  TEST_CASE("Attention is the Nadaraya-Watson estimate of values at queries, with two kernels") {
    Random random(7);
    const Case c{.queries = 9, .keys = 9, .heads = 1, .kv_heads = 1, .head = 4, .window = 9};
    const Windowed<double> in(c, random);
    // Each query's mean of the values of the keys up to its own, weighted by a kernel.
    const auto estimate = [&](const auto& kernel) {
      Matrix<double> y = Matrix<double>::Zero(c.queries, c.head);
      for (Index i = 0; i < c.queries; ++i) {
        double total = 0;
        for (Index j = 0; j <= i; ++j) {
          const double weight = kernel(in.q.row(i), in.k.row(j));
          total += weight;
          y.row(i) += weight * in.v.row(j);
        }
        y.row(i) /= total;
      }
      return y;
    };
    const auto attended = [&](const Matrix<double>& bias) {
      return attend(in.q, in.k, in.v, bias, in.op.heads, in.op.visible[0]);
    };
    const double scale = 2;  // sqrt(head), which is also the squared bandwidth
    const auto product = [&](const auto& q, const auto& k) { return std::exp(q.dot(k) / scale); };
    CHECK(laws::disagreement(attended({}), estimate(product)) < 1e-14);
    const auto gaussian = [&](const auto& q, const auto& k) {
      return std::exp(-(q - k).squaredNorm() / (2 * scale));
    };
    const Matrix<double> bias = in.k.rowwise().squaredNorm() / (-2 * scale);
    CHECK(laws::disagreement(attended(bias), estimate(gaussian)) < 1e-14);
  }

  TEST_CASE("A source that no query sees changes nothing") {
    Random random(4);
    const Case c{9, 20, 2, 2, 4, 7};
    const Windowed<double> near(c, random);
    const Kept<double> far(c, 6, random);
    const std::vector<Index> none(9, 0);
    const JointAttention op{near.op.heads, {near.op.visible[0], VisibleKeys::leading(none)}};
    const Matrix<double> alone = near.op.value(near.q, near.k, near.v, Matrix<double>());
    CHECK(op.value(near.q, near.k, near.v, Matrix<double>(), far.q, far.k, far.v, far.bias) ==
          alone);
    CHECK(op.value(near.q, near.k, near.v, Matrix<double>(), far.q, Matrix<double>(),
                   Matrix<double>(), Matrix<double>()) == alone);
  }

  TEST_CASE("A query that sees nothing gets zeros, wherever its empty range begins") {
    Random random(5);
    const Matrix<double> q = normal(4, 4, random);
    const Matrix<double> k = normal(3, 4, random);
    const Attention op{{2, 2}, {VisibleKeys{{0, 0, 1, 7}, {0, 1, 2, 0}}}};
    const Matrix<double> y = op.value(q, k, k, Matrix<double>());
    CHECK(y.row(0) == zeros(1, 4));
    CHECK(y.row(3) == zeros(1, 4));
    CHECK(laws::disagreement(Matrix<double>(y.row(1)), Matrix<double>(k.row(0))) < 1e-15);
    laws::check_operation(op, q, k, normal(3, 4, random), normal(3, 1, random));
    const Attention blind{{2, 2}, {VisibleKeys::leading({0, 0, 0, 0})}};
    CHECK(blind.value(q, Matrix<double>(), Matrix<double>(), Matrix<double>()) == zeros(4, 4));
  }

  TEST_CASE("attend keeps its digits when scores are large") {
    Random random(6);
    const auto q = normal<float>(5, 4, random, 30);
    const auto k = normal<float>(5, 4, random, 30);
    const auto v = normal<float>(5, 4, random);
    const auto y = attend(q, k, v, Matrix<float>(), {1, 1}, VisibleKeys::sliding(5, 5, 5));
    CHECK(y.allFinite());
    CHECK(y.row(0) == v.row(0));
  }

  TEST_CASE("attend has its derivatives") {
    Random random(7);
    for (const Case& c :
         {Case{1, 1, 1, 1, 2, 1}, Case{15, 15, 2, 2, 3, 4}, Case{16, 16, 1, 1, 4, 99},
          Case{1, 33, 1, 1, 5, 20}, Case{4, 20, 1, 1, 4, 6}, Case{70, 75, 1, 1, 2, 9},
          Case{5, 12, 4, 2, 2, 6}, Case{3, 3, 3, 1, 1, 2}}) {
      CAPTURE(c.queries);
      CAPTURE(c.keys);
      CAPTURE(c.window);
      const Windowed<double> in(c, random);
      laws::check_operation(in.op, in.q, in.k, in.v, Matrix<double>());
      laws::check_operation(in.op, in.q, in.k, in.v, normal(c.keys, 1, random));
    }
  }

  TEST_CASE("attend to two sources has its derivatives") {
    Random random(8);
    for (const auto& [c, kept] :
         {std::pair(Case{1, 1, 1, 1, 2, 1}, Index{1}), std::pair(Case{4, 7, 2, 1, 2, 3}, Index{5}),
          std::pair(Case{17, 18, 1, 1, 2, 17}, Index{16})}) {
      CAPTURE(c.queries);
      const Windowed<double> near(c, random);
      const Kept<double> far(c, kept, random);
      const JointAttention op{near.op.heads, {near.op.visible[0], VisibleKeys::leading(far.seen)}};
      laws::check_operation(op, near.q, near.k, near.v, Matrix<double>(), far.q, far.k, far.v,
                            far.bias);
    }
  }

  TEST_CASE_TEMPLATE("attend is causal, and blind beyond its window", S, double, float) {
    Random random(9);
    const auto x = normal<S>(70, 8, random, 0.3);
    const auto windowed = [](const Matrix<S>& tokens, Index queries, Index window) {
      return attend(Matrix<S>(tokens.bottomRows(queries)), tokens, tokens, Matrix<S>(), {2, 2},
                    VisibleKeys::sliding(queries, tokens.rows(), window));
    };
    for (const Index queries : {70, 7}) {
      for (const Index window : {3, 16, 70}) {
        laws::check_causal<S>(
            [&](const Matrix<S>& tokens) { return windowed(tokens, queries, window); }, x);
        Matrix<S> other = x;
        other.topRows(70 - window).setRandom();
        CHECK(windowed(other, 1, window) == windowed(x, 1, window));
      }
    }
  }

  TEST_CASE_TEMPLATE("attend to two sources is causal", S, double, float) {
    Random random(10);
    const Case c{40, 40, 2, 2, 4, 16};
    const Windowed<S> near(c, random);
    const Kept<S> far(c, 9, random);
    laws::check_causal<S>(
        [&](const Matrix<S>& tokens) {
          std::vector<Index> seen = far.seen;
          seen.resize(static_cast<std::size_t>(tokens.rows()));
          const JointAttention op{
              {2, 2},
              {VisibleKeys::sliding(tokens.rows(), tokens.rows(), 16), VisibleKeys::leading(seen)}};
          return op.value(tokens, tokens, tokens, Matrix<S>(), tokens, far.k, far.v, far.bias);
        },
        near.q);
  }

  TEST_CASE("attend refuses shapes that do not fit") {
    const auto value = [&](std::array<Index, 2> k, std::array<Index, 2> v, Index biases,
                           AttentionHeads heads, std::vector<Index> seen) {
      return attend(zeros(2, 4), zeros(k[0], k[1]), zeros(v[0], v[1]), zeros(biases, 1), heads,
                    VisibleKeys::leading(std::move(seen)));
    };
    CHECK_THROWS_WITH_AS(value({2, 6}, {2, 6}, 0, {2, 2}, {1, 2}),
                         "attend: k must be [*, 4], got [2, 6]", ShapeError);
    CHECK_THROWS_WITH_AS(value({2, 4}, {2, 4}, 0, {2, 1}, {1, 2}),
                         "attend: k must be [*, 2], got [2, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(value({2, 4}, {3, 4}, 0, {2, 2}, {1, 2}),
                         "attend: v must be [2, 4], got [3, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(value({2, 4}, {2, 2}, 0, {2, 2}, {1, 2}),
                         "attend: v must be [2, 4], got [2, 2]", ShapeError);
    CHECK_THROWS_WITH_AS(value({3, 4}, {3, 4}, 2, {2, 2}, {1, 2}),
                         "attend: bias must be [3, 1], got [2, 1]", ShapeError);
    CHECK_THROWS_WITH_AS(value({2, 4}, {2, 4}, 0, {3, 3}, {1, 2}),
                         "attend: q must be [*, heads * head], and kv_heads divide heads, got 4 "
                         "columns, 3 heads and 3 kv_heads",
                         ShapeError);
    CHECK_THROWS_WITH_AS(value({2, 4}, {2, 4}, 0, {4, 3}, {1, 2}),
                         "attend: q must be [*, heads * head], and kv_heads divide heads, got 4 "
                         "columns, 4 heads and 3 kv_heads",
                         ShapeError);
    CHECK_THROWS_WITH_AS(value({2, 4}, {2, 4}, 0, {2, 2}, {1}),
                         "attend: visible keys must be [2], got [1]", ShapeError);
    CHECK_THROWS_WITH_AS(value({2, 4}, {2, 4}, 0, {2, 2}, {1, 3}),
                         "attend: query 1 must see keys of 0..1, got 0..2", RangeError);
    CHECK_NOTHROW(value({3, 4}, {3, 4}, 3, {2, 2}, {0, 3}));
    CHECK_THROWS_WITH_AS(VisibleKeys::sliding(3, 2, 8),
                         "VisibleKeys.sliding: keys must be at least 3, got 2", RangeError);
    const JointAttention joint{{1, 1}, {VisibleKeys::leading({1}), VisibleKeys::leading({1})}};
    CHECK_THROWS_WITH_AS(joint.value(zeros(1, 4), zeros(1, 4), zeros(1, 4), zeros(0, 1),
                                     zeros(2, 4), zeros(1, 4), zeros(1, 4), zeros(0, 1)),
                         "attend: q must be [1, 4], got [2, 4]", ShapeError);
    const auto aged = [&](std::vector<Index> age, Index cols) {
      return Attention{{4, 2}, {VisibleKeys{{0}, {2}, std::move(age)}}}.value(
          zeros(1, 4), zeros(2, 2), zeros(2, 2), zeros(2, cols));
    };
    CHECK_THROWS_WITH_AS(aged({3, 1}, 1), "attend: bias must be [2, 2], got [2, 1]", ShapeError);
    CHECK_THROWS_WITH_AS(aged({3}, 2), "attend: ages of keys must be [2], got [1]", ShapeError);
    CHECK_NOTHROW(aged({3, 1}, 2));
  }
}

}  // namespace
