// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/cotangent.hpp>
#include <ttt/algebra/operations.hpp>
#include <ttt/algebra/operations/attend_received.hpp>
#include <ttt/cpu/matrix.hpp>

#include <doctest/doctest.h>

#include <array>
#include <utility>
#include <vector>

#include "laws/operation.hpp"
#include "storage/tested.hpp"

namespace {

using namespace ttt;
using laws::normal;
using M = Matrix<double>;
using P = storage::Tested<double>;

static_assert(Storage<P> && Array<Dual<P>>);

/// The operation over the storage has its derivatives, and the numbers of the one over Matrix: over
/// that of a device in float too.
template <class Op, class... Inputs>
void check(const Op& op, const Inputs&... inputs) {
  laws::check_operation<P>(op, inputs...);
  laws::check_agreement<P>(op, op, inputs...);
#ifdef TTT_TEST_GPU
  laws::check_agreement<storage::Tested<float>>(op, op, inputs...);
#endif
}

/// A width of one lane and a bit, and another of less than one.
constexpr std::array<Index, 2> widths{19, 3};

TEST_SUITE("storage") {
  TEST_CASE("Products run on another storage") {
    Random random(1);
    for (const Index width : widths) {
      CAPTURE(width);
      check(MatMul{}, normal(3, width, random), normal(width, 2, random));
      check(MatMul{.flip = Flip::right}, normal(3, width, random), normal(2, width, random));
      for (const Flip flip : {Flip::none, Flip::left, Flip::right}) {
        const Index rows = flip == Flip::none ? width : flip == Flip::left ? 3 : 2;
        check(HeadProduct{.heads = 2, .flip = flip}, normal(3, 2 * width, random),
              normal(rows, flip == Flip::right ? 2 * width : 4, random));
      }
    }
    check(ScaleHeads{.by = 0.7}, normal(3, 4, random), normal(1, 2, random));
    check(ScaleHeads{}, normal(3, 2, random), normal(1, 2, random));
  }

  TEST_CASE("Elementwise operations run on another storage") {
    Random random(2);
    for (const Index width : widths) {
      CAPTURE(width);
      const M a = normal(2, width, random, 2);
      const M b = normal(2, width, random);
      check(Add{}, a, b);
      check(Add{.by = -1}, a, b);
      check(SiluGate{}, a, b);
      check(Multiply{}, a, b);
      check(Logistic{}, a);
      check(Softplus{}, a);
      check(LogLogistic{}, a);
      check(Gelu{}, a);
    }
    M x(1, 6);
    x << -2.1, -0.3, 0.4, 0.9, 1.7, -5;
    check(Clamp{{.least = -1, .most = 1}}, x);
    check(Magnitude{}, x);
  }

  TEST_CASE("Operations on rows run on another storage") {
    Random random(3);
    for (const Index width : widths) {
      CAPTURE(width);
      check(AppendRows{}, normal(2, width, random), normal(3, width, random));
      check(AppendRows{}, M(), normal(3, width, random));
      check(TakeRows{.first = 1, .count = 2}, normal(4, width, random));
      check(ChooseRows{.chosen = {3, 1, 1}}, normal(4, width, random));
      check(TakeCols{.first = 2, .count = width}, normal(4, width + 3, random));
      check(Convolve{.before = 2}, normal(5, width, random), normal(4, width, random));
      check(CrossEntropy{laws::drawn_tokens(4, width, random)}, normal(4, width, random));
      check(RmsNorm{}, normal(3, 2 * width, random), normal(1, width, random));
      check(RmsNorm{.groups = 2}, normal(3, 2 * width, random), normal(1, 2 * width, random));
      check(LogSumExp{.sharpness = 2}, normal(width, 1, random));
      check(ExcessRetention{.delay = 1, .capacity = 0.5},
            M(-(normal(7, width, random).array().square() + 0.01)));
      check(LayerNorm{}, normal(3, 2 * width, random), normal(1, width, random),
            normal(1, width, random));
    }
  }

  TEST_CASE("rotate runs on another storage") {
    Random random(4);
    RotaryTables<P> there;
    RotaryTables<M> here;
    for (const auto pairs : {RotaryPairs::interleaved, RotaryPairs::half_split}) {
      const Rotary rotary{pairs, 100};
      for (const Index head : {2, 18}) {
        const std::vector<Index> positions{4, 0, 4, 70};
        const Rotate<P> ours{there.at(positions, head, rotary), 1, pairs};
        const Rotate<M> expected{here.at(positions, head, rotary), 1, pairs};
        const M x = normal(3, 2 * head, random);
        laws::check_operation<P>(ours, x);
        laws::check_agreement<P>(ours, expected, x);
      }
    }
  }

  TEST_CASE("Operations of linear recurrences run on another storage") {
    Random random(12);
    for (const Index rows : {1, 5, 17}) {
      CAPTURE(rows);
      const M numbers = normal(rows, 2, random);
      check(ChunkDecays{}, M(numbers.cwiseAbs() * -0.2));
      check(SolveLower{.heads = 2}, normal(rows, 2 * rows, random, 0.4),
            normal(rows, 2 * 3, random));
      check(LowerTriangle{.plus = 1}, normal(rows, 2 * rows, random));
      check(MultiplyGroups{4, 2}, normal(rows, 4 * 3, random), normal(rows, 2 * 3, random));
      check(ScaleHeads{.by = 2}, normal(rows, 2 * 3, random), numbers);
      check(UnitNorm{.heads = 2, .epsilon = 0.1}, normal(rows, 2 * 3, random));
      check(AddRow{}, normal(rows, 17, random), normal(1, 17, random));
      check(Silu{}, numbers);
      check(Exponential{}, numbers);
    }
  }

  TEST_CASE("Operations of inner learners run on another storage") {
    Random random(13);
    for (const Index head : {7, 17}) {  // of two, a norm leaves only rounding
      CAPTURE(head);
      const auto rows = [&] { return normal(3, 2 * head, random); };
      const auto row = [&] { return normal(1, 2 * head, random); };
      const M z = rows(), k = rows(), v = rows(), w = row(), b = row();
      check(ReconstructionGradient{.heads = 2, .epsilon = 0.1}, z, k, v, w, b);
      check(LayerNorm{.groups = 2}, z, w, b);
      check(GeluCotangent{}, z, k);
      check(SiluGateCotangent{}, z, k, v);
      check(UnitNorm{.heads = 2, .epsilon = 0.1, .matrices = true}, z);
      check(SumRows{}, z);
      check(TimesConstant{{.factor = 3}}, z);
    }
    check(StepShares{.first = 2}, normal(5, 1, random));
  }

  TEST_CASE("Weights of attention and their logarithms run on another storage") {
    Random random(6);
    for (const Index keys : widths) {
      CAPTURE(keys);
      std::vector<Index> from;
      for (Index j = 0; j < keys; ++j) from.push_back(j % 5);
      check(MaskedSoftmax{.heads = 2, .scale = 0.7, .from = from}, normal(4, 2 * keys, random));
    }
    const M shares = normal(2, 3, random).array().square() + 0.1;
    check(NegativeLog{.places = {5, 0, NegativeLog::nowhere, 5}, .floor = 0.01}, shares);
  }

  TEST_CASE("The surprisal of a head runs on another storage, in tiles") {
    Random random(11);
    const auto targets = laws::drawn_tokens(7, 11, random);
    check(HeadSurprisal{.targets = targets, .tile = 23}, normal(7, 5, random),
          normal(11, 5, random));
  }

  TEST_CASE("Sums over many rows run on another storage") {
    Random random(8);
    const M many = normal(70, 5, random);
    laws::check_agreement<P>(RmsNorm{}, RmsNorm{}, many, normal(1, 5, random));
    laws::check_agreement<P>(LayerNorm{}, LayerNorm{}, many, normal(1, 5, random),
                             normal(1, 5, random));
    laws::check_agreement<P>(Convolve{}, Convolve{}, many, normal(3, 5, random));
  }

  TEST_CASE("attend runs on another storage") {
    Random random(5);
    const M q = normal(5, 8, random);
    const M k = normal(20, 4, random);
    const M v = normal(20, 4, random);
    const M bias = normal(20, 1, random);
    const VisibleKeys window = VisibleKeys::sliding(5, 20, 18);
    const VisibleKeys kept = VisibleKeys::leading({0, 0, 3, 17, 20});
    check(Attention{{4, 2}, {window}}, q, k, v, bias);
    check(Attention{{2, 1}, {kept}}, q, k, v, M());
    check(JointAttention{{4, 2}, {window, kept}}, q, k, v, M(), normal(5, 8, random), k, v, bias);
    VisibleKeys aged = kept;
    for (Index j = 0; j < 20; ++j) aged.age.push_back(8 - j / 4);
    const M decays = normal(20, 2, random, 0.1);
    check(Attention{{4, 2}, {aged}}, q, k, v, decays);
    check(JointAttention{{4, 2}, {window, aged}}, q, k, v, bias, normal(5, 8, random), k, v,
          decays);
  }

  TEST_CASE("attend runs over many tiles, and over heads that no kernel is wide enough for") {
    Random random(9);
    const Index rows = 70;
    const VisibleKeys window = VisibleKeys::sliding(rows, rows, 40);
    for (const Index width : {5, 70}) {
      CAPTURE(width);
      const M q = normal(rows, 2 * width, random);
      const M k = normal(rows, width, random);
      const M v = normal(rows, width, random);
      const M bias = normal(rows, 1, random);
      const Attention op{{2, 1}, {window}};
      laws::check_agreement<P>(op, op, q, k, v, bias);
    }
  }

  TEST_CASE("what keys receive runs on another storage") {
    Random random(10);
    const M q = normal(40, 8, random);
    const M k = normal(20, 4, random);
    const M v = normal(20, 4, random);
    const M bias = normal(20, 1, random, 3);
    std::vector<Index> seen(40);
    for (std::size_t n = 0; n < seen.size(); ++n) seen[n] = static_cast<Index>(n * 7 % 21);
    const ReceivedAttention<1> received{{4, 2}, {VisibleKeys::leading(seen)}};
    const auto expected = received.value(q, k, v, bias);
    const auto ours = received.value(laws::stored<P>(q), laws::stored<P>(k), laws::stored<P>(v),
                                     laws::stored<P>(bias));
    for (const std::size_t n : {0U, 1U}) {
      CHECK(laws::disagreement(laws::fetched(ours[n]), expected[n]) <= laws::rounding);
    }
  }
}

}  // namespace
