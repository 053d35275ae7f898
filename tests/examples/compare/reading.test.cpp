// SPDX-License-Identifier: Apache-2.0
#include "compare/reading.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "examples/recall/prose.hpp"

namespace {

using namespace ttt;

/// Pays one nat a byte, and answers what it is told to.
class FakeReader : public compare::Reader {
 public:
  std::vector<float> read(std::span<const Token> tokens) override {
    text_ += data::text(tokens);
    return std::vector<float>(tokens.size(), 1);
  }
  std::vector<Token> generate(Index count) override {
    std::string answer = this->answer(text_);
    answer.resize(static_cast<std::size_t>(count), ' ');
    return data::bytes(answer);
  }
  [[nodiscard]] Index bytes() const override { return 77; }

 private:
  [[nodiscard]] virtual std::string answer(const std::string& /*text*/) const { return ""; }
  std::string text_;
};

/// Looks the value up where the needle tells it.
class PerfectReader final : public FakeReader {
  [[nodiscard]] std::string answer(const std::string& text) const override {
    const std::size_t needle = text.find("One of the special magic");
    if (needle == std::string::npos) return "";
    const std::size_t value = text.find(" is: ", needle) + 5;
    return ' ' + text.substr(value, text.find('.', value) - value);
  }
};

/// Remembers what it was asked.
class Listener final : public FakeReader {
 public:
  explicit Listener(std::set<std::string>& asked) : asked_(&asked) {}

 private:
  [[nodiscard]] std::string answer(const std::string& text) const override {
    asked_->insert(text);
    return "";
  }
  std::set<std::string>* asked_;
};

compare::Plan small_plan() {
  compare::Plan plan;
  plan.recall_length = {512, 1024};
  plan.samples = 5;
  return plan;
}

TEST_SUITE("examples/compare") {
  TEST_CASE("a reader that finds every needle recalls all, and without needles nothing") {
    const compare::Prompts prompts({haystacks::prose});
    const auto rows = compare::recall_rows([] { return std::make_unique<PerfectReader>(); },
                                           prompts, small_plan(), 1);
    REQUIRE(rows.size() == 6);
    for (const compare::RecallRow& row : rows) {
      CAPTURE(row.task);
      CHECK(row.samples == 5);
      CHECK(row.right == 5);
      CHECK(row.control == (row.length == 512 ? 5 : 0));
      CHECK(row.control_right == 0);
    }
  }

  TEST_CASE("a reader that says nothing recalls nothing") {
    const compare::Prompts prompts({haystacks::prose});
    const auto rows = compare::recall_rows([] { return std::make_unique<FakeReader>(); }, prompts,
                                           small_plan(), 1);
    for (const compare::RecallRow& row : rows) CHECK(row.right == 0);
  }

  TEST_CASE("every model of a seed is asked the same, and those of two seeds never the same") {
    const compare::Prompts prompts({haystacks::prose});
    const auto asked = [&](std::uint64_t seed) {
      std::set<std::string> texts;
      (void)compare::recall_rows([&] { return std::make_unique<Listener>(texts); }, prompts,
                                 small_plan(), seed);
      return texts;
    };
    const auto first = asked(1);
    CHECK(first.size() == 3 * (2 * 5 + 5));  // with those whose needle is removed
    CHECK(asked(1) == first);
    for (const std::string& text : asked(2)) CHECK(!first.contains(text));
  }

  TEST_CASE("the loss of texts is the mean of their surprisals, read one by one") {
    const std::vector<std::vector<Token>> texts{data::bytes("abc"), data::bytes("de")};
    const compare::MakeReader make = [] { return std::make_unique<FakeReader>(); };
    CHECK(compare::mean_loss(make, texts) == 1);
    const compare::Read read = compare::read_texts(make, texts);
    CHECK(read.scored.size() == 2);
    CHECK(read.scored.front().nats == std::vector<float>{1, 1, 1});
    CHECK(read.memory_bytes == 77);
  }

  TEST_CASE("stretches are taken from each document in turn, and never twice") {
    const data::Corpus documents{{"a", "aaaabbbb"}, {"c", "cccc"}, {"d", "d"}};
    const auto texts = compare::stretches(documents, 3, 4);
    REQUIRE(texts.size() == 3);
    CHECK(data::text(texts[0]) == "aaaa");
    CHECK(data::text(texts[1]) == "cccc");
    CHECK(data::text(texts[2]) == "bbbb");
    CHECK_THROWS_WITH_AS(static_cast<void>(compare::stretches(documents, 4, 4)),
                         "stretches: documents must have 4 stretches of 4 bytes, got 3",
                         RangeError);
  }

  TEST_CASE("files to train on come with files to measure on") {
    compare::Plan plan;
    plan.text = {"a.txt"};
    CHECK_THROWS_WITH_AS(static_cast<void>(compare::held_out_of(plan)),
                         "--text and --held-out must both be given, or neither", RangeError);
  }
}

}  // namespace
