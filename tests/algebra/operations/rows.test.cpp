// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/cols.hpp>
#include <ttt/algebra/operations/embed.hpp>
#include <ttt/algebra/operations/rows.hpp>

#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

Matrix<double> zeros(Index rows, Index cols) { return Matrix<double>::Zero(rows, cols); }

Matrix<double> counted(Index rows, Index cols) {
  return Matrix<double>::NullaryExpr(
      rows, cols, [cols](Index r, Index c) { return static_cast<double>(r * cols + c); });
}

TEST_SUITE("algebra") {
  TEST_CASE("embed picks rows, and adds up the cotangents of equal tokens") {
    Random random(3);
    const auto table = counted(4, 2);
    const std::vector<Token> tokens{3, 0, 3};
    const Matrix<double> picked = embed(table, tokens);
    CHECK(picked.row(0) == table.row(3));
    CHECK(picked.row(1) == table.row(0));
    CHECK(picked.row(2) == table.row(3));
    for (const Index width : {1, 15, 16, 17, 33}) {
      CAPTURE(width);
      laws::check_operation(ChooseRows{.chosen = {3, 0, 3, 1, 3}}, normal(4, width, random));
    }
  }

  TEST_CASE("append_rows puts rows behind rows, and take_rows takes them out again") {
    Random random(4);
    const auto x = counted(5, 3);
    const Matrix<double> first = take_rows(x, 0, 2);
    const Matrix<double> last = take_rows(x, 2, 3);
    CHECK(last == x.bottomRows(3));
    CHECK(append_rows(first, last) == x);
    CHECK(append_rows(zeros(0, 0), x) == x);
    for (const Index width : {1, 15, 16, 17, 33}) {
      CAPTURE(width);
      laws::check_operation(AppendRows{}, normal(2, width, random), normal(3, width, random));
      laws::check_operation(TakeRows{.first = 1, .count = 2}, normal(4, width, random));
      laws::check_operation(TakeRows{.first = 0, .count = 4}, normal(4, width, random));
    }
  }

  TEST_CASE("take_cols takes columns, and gives them their cotangent back") {
    Random random(9);
    const auto x = counted(3, 7);
    CHECK(take_cols(x, 2, 4) == x.middleCols(2, 4));
    CHECK(take_cols(x, 0, 7) == x);
    for (const Index width : {1, 15, 16, 17, 33}) {
      CAPTURE(width);
      laws::check_operation(TakeCols{.first = 2, .count = width}, normal(3, width + 3, random));
      laws::check_operation(TakeCols{.first = 0, .count = width}, normal(1, width, random));
    }
    CHECK_THROWS_WITH_AS(take_cols(x, 4, 4), "take_cols: x must be [3, 8], got [3, 7]", ShapeError);
  }

  TEST_CASE("append_all puts all parts behind each other, and gives each its cotangent back") {
    Random random(8);
    for (const Index parts : {1, 2, 3, 4, 5, 8, 13}) {
      CAPTURE(parts);
      const Index rows = parts * (parts + 1) / 2;
      const auto x = normal(rows, 3, random);
      const auto c = normal(rows, 3, random);
      Matrix<double> sink;
      Tape<Matrix<double>> tape;
      const auto leaf = tape.leaf(x, sink);
      std::vector<Var<Matrix<double>>> all;
      for (Index n = 0, first = 0; n < parts; first += ++n) {
        all.push_back(take_rows(leaf, first, n + 1));
      }
      const auto whole = append_all(std::move(all));
      CHECK(whole.value() == x);
      tape.seed(whole, Matrix<double>(c));
      tape.pull_back();
      CHECK(sink == c);
    }
  }

  TEST_CASE("choose_rows picks rows, and adds up the cotangents of a row chosen twice") {
    Random random(7);
    const auto x = counted(5, 3);
    const Matrix<double> chosen = choose_rows(x, {4, 0, 4});
    CHECK(chosen.row(0) == x.row(4));
    CHECK(chosen.row(1) == x.row(0));
    CHECK(chosen.row(2) == x.row(4));
    laws::check_operation(ChooseRows{{3, 1, 1}}, normal(4, 5, random));
    CHECK(choose_rows(x, {}).rows() == 0);
    CHECK_THROWS_WITH_AS(choose_rows(x, {0, 5}), "choose_rows: row must be in 0..4, got 5 at 1",
                         RangeError);
    CHECK_THROWS_WITH_AS(choose_rows(x, {-1}), "choose_rows: row must be in 0..4, got -1 at 0",
                         RangeError);
  }

  TEST_CASE("append_rows to nothing gives nothing back to the past") {
    Random random(5);
    const auto x = normal(2, 3, random);
    const Matrix<double> empty;
    Matrix<double> past_sink;
    Matrix<double> sink;
    Tape<Matrix<double>> tape;
    tape.seed(append_rows(tape.leaf(empty, past_sink), tape.leaf(x, sink)), Matrix<double>(x));
    tape.pull_back();
    CHECK(past_sink.size() == 0);
    CHECK(sink == x);
  }

  TEST_CASE_TEMPLATE("append_rows and take_rows are causal", S, double, float) {
    Random random(6);
    const auto x = normal<S>(33, 7, random);
    laws::check_causal([&](const Matrix<S>& a) { return append_rows(x, a); }, x);
    laws::check_causal([&](const Matrix<S>& a) { return take_rows(a, 3, 30); }, x);
  }

  TEST_CASE("embed, append_rows and take_rows refuse what does not fit") {
    CHECK_THROWS_WITH_AS(append_rows(zeros(2, 3), zeros(2, 4)),
                         "append_rows: next must be [*, 3], got [2, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(take_rows(zeros(4, 3), 2, 3), "take_rows: x must be [5, 3], got [4, 3]",
                         ShapeError);
    CHECK_THROWS_AS(take_rows(zeros(4, 3), -1, 3), ShapeError);
    CHECK_THROWS_WITH_AS(embed(zeros(4, 3), std::vector<Token>{0, 4}),
                         "embed: token must be in 0..3, got 4 at 1", RangeError);
    CHECK_THROWS_WITH_AS(embed(zeros(4, 3), std::vector<Token>{-1}),
                         "embed: token must be in 0..3, got -1 at 0", RangeError);
  }
}

}  // namespace
