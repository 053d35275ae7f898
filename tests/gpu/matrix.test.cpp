// SPDX-License-Identifier: Apache-2.0
#include <ttt/cpu/matrix.hpp>
#include <ttt/gpu/matrix.cuh>
#include <ttt/learn/adjoint.hpp>

#include <doctest/doctest.h>

#include <array>
#include <utility>
#include <vector>

#include "laws/hybrids.hpp"
#include "laws/numbers.hpp"
#include "laws/texts.hpp"

namespace {

using namespace ttt;
using laws::fetched;
using laws::normal;
using laws::stored;
using Host = Matrix<double>;

/// What f makes of arrays on the device and on the host.
template <class S, class F>
std::array<Host, 2> both(F f) {
  return {fetched(f.template operator()<gpu::Matrix<S>>()),
          fetched(f.template operator()<Matrix<S>>())};
}

/// The same parameters in another storage.
template <Storage M, class Params>
auto stored_tree(const Params& params) {
  return map_tree<M>(
      [](const Leaf&, const Matrix<float>& array) { return stored<M>(array.cast<double>()); },
      params);
}

TEST_SUITE("gpu") {
  TEST_CASE_TEMPLATE("rows that go to one place are added in their order, bit for bit", S, float,
                     double) {
    Random random(1);
    std::vector<Index> to(97);
    for (Index& place : to) place = random.below(5);
    const Host terms = normal(97, 7, random);
    const Host before = normal(6, 7, random);
    const auto [device, host] = both<S>([&]<Storage M>() {
      M sum = stored<M>(before);
      const M added = stored<M>(terms);
      Primitives<M>::scatter_add(view(sum), indices<M>(to), view(added));
      return sum;
    });
    CHECK(device == host);
  }

  TEST_CASE("rows are gathered from anywhere, into a part of wider rows") {
    Random random(2);
    const Host table = normal(4, 3, random);
    const std::vector<Index> from{3, 0, 3};
    const auto [device, host] = both<double>([&]<Storage M>() {
      M wide = zeros<M>(3, 5);
      const M rows = stored<M>(table);
      Primitives<M>::map(detail::Fill{0}, view(wide), view(std::as_const(wide)));
      Primitives<M>::gather(view(wide).block(0, 1, 3, 3), view(rows), indices<M>(from));
      return wide;
    });
    CHECK(device == host);
    CHECK(device.block(1, 1, 1, 3) == table.row(0));
  }

  TEST_CASE_TEMPLATE("products of parts agree, whichever side is transposed", S, float, double) {
    for (const Flip flip : {Flip::none, Flip::left, Flip::right}) {
      for (const bool add : {false, true}) {
        Random random(3);
        const Host a = flip == Flip::left ? normal(8, 5, random) : normal(5, 8, random);
        const Host b = flip == Flip::right ? normal(6, 8, random) : normal(8, 6, random);
        const Host before = normal(5, 9, random);
        const auto [device, host] = both<S>([&]<Storage M>() {
          M out = stored<M>(before);
          const M left = stored<M>(a);
          const M right = stored<M>(b);
          Primitives<M>::gemm(view(out).block(0, 2, 5, 6), view(left), view(right), flip, add);
          return out;
        });
        CHECK(laws::disagreement(device, host) < (sizeof(S) == 4 ? 1e-5 : 1e-12));
      }
    }
  }

  TEST_CASE("a part of an array comes to the host row by row") {
    Random random(4);
    using M = gpu::Matrix<double>;
    const Host whole = normal(4, 5, random);
    const M array = stored<M>(whole);
    CHECK(Primitives<M>::download(view(array).block(1, 2, 2, 2)) ==
          std::vector<double>{whole(1, 2), whole(1, 3), whole(2, 2), whole(2, 3)});
  }

  TEST_CASE("a copy has elements of its own") {
    using M = gpu::Matrix<double>;
    M a = stored<M>(Host::Constant(2, 2, 3));
    const M b = a;
    Primitives<M>::map(detail::Fill{5}, view(a), view(b));
    CHECK(fetched(a) == Host::Constant(2, 2, 5));
    CHECK(fetched(b) == Host::Constant(2, 2, 3));
    const M c = std::move(a);
    CHECK(fetched(c) == Host::Constant(2, 2, 5));
    CHECK(sum_of_squares(c) == 100);
  }

  TEST_CASE("a meta-gradient in float is the same from run to run, and as exact as the host's") {
    using Model = laws::LearningHybrid;
    using M = gpu::Matrix<float>;
    Random random(5);
    const auto tokens = laws::drawn_tokens(4 * Model::spec.chunk + 1, Model::spec.vocab, random);
    const auto gradient = [&]<Storage A>(const Model::Params<A>& params) {
      return MetaLearner<Model, A>({}).gradient(params, {.tokens = tokens});
    };
    const auto host = laws::lively_params<Model, float>(1);
    const auto params = stored_tree<M>(host);
    const auto first = gradient(params);
    const auto second = gradient(params);
    const auto own = gradient(host);
    const auto exact = gradient(stored_tree<Host>(host));
    CHECK(first.loss == second.loss);
    CHECK(first.loss == doctest::Approx(exact.loss).epsilon(1e-6));
    for_each_array(
        [](const Leaf& leaf, const M& a, const M& b, const Matrix<float>& c, const Host& d) {
          CAPTURE(leaf.name);
          CHECK(fetched(a) == fetched(b));
          if (d.size() > 0) {
            CHECK(laws::disagreement(fetched(a), d) < 1e-5 + 4 * laws::disagreement(c, d));
          }
        },
        first.params, second.params, own.params, exact.params);
  }
}

}  // namespace
