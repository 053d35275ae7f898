// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/memory_file.hpp>

#include <filesystem>
#include <limits>
#include <set>
#include <span>
#include <utility>

#include "laws/cached_texts.hpp"
#include "laws/meta_gradient.hpp"
#include "laws/session.hpp"

namespace {

using namespace ttt;
using laws::Attending;
using laws::cached_entries;
using laws::Gating;
using laws::Keeping;
using laws::Signalling;

template <class Model>
using Reading = Session<Model, Matrix<double>>;

const InnerLoop<> inner{.optimiser = {.rate = 0.1, .max_norm = 0.5, .momentum = 0.5}};

/// A signal that is no number for one token, which is offered where the fifth chunk begins.
struct Broken {
  double operator()(const Offer& offer) const {
    return offer.entry.position == 9 ? std::numeric_limits<double>::quiet_NaN() : 1;
  }
};
using Breaking = CachedTttE2e<laws::keeping, 3, 2, Cache<6, Broken>>;

TEST_SUITE("model") {
  TEST_CASE_TEMPLATE("Reading with a cache in any parts is reading whole", Model, Keeping,
                     Signalling, Gating, Attending, laws::Observing, laws::Retaining) {
    laws::check_session_streaming<Model, double>({.inner = inner}, 12);
    laws::check_session_streaming<Model, double>(
        {.learning = Learning::off, .layers = {.slots = 3}}, 6);
  }

  TEST_CASE("What is noted of kept tokens belongs to the bytes of a session") {
    const auto params = laws::lively_params<Keeping>(1);
    const auto tokens = laws::text<Keeping>(12, 1);
    const auto bytes = [&](Index slots) {
      Reading<Keeping> reader(params, {.learning = Learning::off, .layers = {.slots = slots}});
      reader.read(tokens);
      return std::pair{reader.bytes(), std::ssize(cached_entries(reader.state().memory))};
    };
    const auto [all, entries] = bytes(6);
    const auto [none, no_entries] = bytes(0);
    REQUIRE(entries > 0);
    CHECK(no_entries == 0);
    // Beside the entry's numbers, a row each of keys and values, and a score.
    const Index numbers = Metadata<Entry>{}.fields() + 2 * Keeping::spec.width + 1;
    CHECK(all - none == entries * numbers * static_cast<Index>(sizeof(double)));
  }

  TEST_CASE("A session with fewer slots than none is refused when its cache is offered a token") {
    const auto params = laws::lively_params<Keeping>(1);
    const auto tokens = laws::text<Keeping>(3, 1);
    Reading<Keeping> session(params, {.layers = {.slots = -1}});
    session.read(std::span(tokens).first(8));
    CHECK_THROWS_WITH_AS(session.read(std::span(tokens).subspan(8)),
                         "Cache.offer: slots must not be negative, got -1", RangeError);
    CHECK(session.position() == 8);
  }

  TEST_CASE("A read that a signal refuses leaves the memory as the chunks before left it") {
    const auto params = laws::lively_params<Breaking>(1);
    const auto tokens = laws::text<Breaking>(8, 1);
    for (const Learning learning : {Learning::on, Learning::off}) {
      for (const std::size_t next : {1U, 3U, 16U}) {
        CAPTURE(next);
        Reading<Breaking> reader(params, {.inner = inner, .learning = learning});
        reader.read(std::span(tokens).first(16));
        const Reading<Breaking> before = reader;
        CHECK_THROWS_AS(reader.read(std::span(tokens).subspan(16, next)), NumberError);
        laws::check_equal(reader, before);
        CHECK_THROWS_AS(reader.read(std::span(tokens).subspan(16, next)), NumberError);
      }
    }
  }

  TEST_CASE_TEMPLATE("A session with a cache is surprised as in training", Model, Keeping,
                     Signalling, Gating, Attending) {
    const auto params = laws::lively_params<Model>(1);
    const auto tokens = laws::text<Model>(12, 1);
    for (const Index slots : {Index{1000}, Index{3}}) {
      CAPTURE(slots);
      const auto check = [&](const std::vector<double>& ours, const std::vector<double>& expected) {
        REQUIRE(ours.size() == expected.size() + 1);
        for (std::size_t t = 0; t < expected.size(); ++t) {
          CAPTURE(t);
          CHECK(ours[t + 1] == doctest::Approx(expected[t]).epsilon(1e-11));
        }
      };
      Reading<Model> session(params, {.inner = inner, .layers = {.slots = slots}});
      const MetaLearner<Model, Matrix<double>> learner(
          {.inner = inner, .layers = {.slots = slots}});
      check(session.read(tokens), learner.gradient(params, {.tokens = tokens}).surprisal);
      Reading<Model> plain(params, {.learning = Learning::off, .layers = {.slots = slots}});
      check(plain.read(tokens),
            plain_gradient<Model, Matrix<double>>(params, {.tokens = tokens}, {.slots = slots})
                .surprisal);
    }
  }

  TEST_CASE_TEMPLATE(
      "A chunk learned from while it is read leaves what one learned from later does", Model,
      Keeping, Signalling, Gating, Attending) {
    const auto params = laws::lively_params<Model>(6);
    const auto tokens = laws::text<Model>(12, 6);
    Reading<Model> at_once(params, {.inner = inner});
    at_once.read(tokens);
    Reading<Model> later(params, {.inner = inner});
    for (std::span rest(tokens); !rest.empty();) {
      const auto count = std::min(rest.size(), static_cast<std::size_t>(Model::spec.chunk));
      later.read(rest.first(count));
      rest = rest.subspan(count);
    }
    laws::check_equal(at_once, later);
    CHECK(at_once.bytes() == later.bytes());
  }

  TEST_CASE_TEMPLATE("A token changes no surprisal before its own, bit for bit, with a cache",
                     Model, Keeping, Signalling, Gating, Attending) {
    const auto params = laws::lively_params<Model>(2);
    const auto tokens = laws::text<Model>(6, 2);
    Reading<Model> first(params, {.inner = inner});
    const auto before = first.read(tokens);
    for (std::size_t changed = 0; changed < tokens.size(); ++changed) {
      auto others = tokens;
      others[changed] = (others[changed] + 1) % static_cast<Token>(Model::spec.vocab);
      Reading<Model> session(params, {.inner = inner});
      const auto after = session.read(others);
      CAPTURE(changed);
      for (std::size_t t = 0; t < changed; ++t) CHECK(after[t] == before[t]);
      if (changed > 0) CHECK(after[changed] != before[changed]);
      CHECK(session.logits() != first.logits());
    }
  }

  TEST_CASE_TEMPLATE("A copy and a file of a session with a cache go on as it does, in mid-chunk",
                     Model, Keeping, Signalling, Gating, Attending) {
    const auto file = std::filesystem::temp_directory_path() / "ttt_cached_memory.safetensors";
    const auto params = laws::lively_params<Model>(3);
    const typename Reading<Model>::Options options{.inner = inner};
    const auto tokens = laws::text<Model>(6, 3);
    const auto rest = laws::text<Model>(4, 4);
    for (std::size_t read = 0; read < tokens.size(); ++read) {
      CAPTURE(read);
      Reading<Model> session(params, options);
      session.read(std::span(tokens).first(read));
      const Reading<Model> saved = session;
      save_memory(file, session);
      const auto expected = session.read(rest);
      auto restored = load_memory<Model, Matrix<double>>(file, params, options);
      laws::check_equal(restored, saved);
      CHECK(restored.read(rest) == expected);
      laws::check_equal(restored, session);
      session.read(rest);
      session = saved;  // rewinds
      CHECK(session.read(rest) == expected);
      laws::check_equal(restored, session);
    }
    std::filesystem::remove(file);
  }

  TEST_CASE_TEMPLATE("A session's caches use the slots that they may, and keep what is pinned",
                     Model, Keeping, Signalling, Gating, Attending) {
    const auto params = laws::lively_params<Model>(4);
    const auto tokens = laws::text<Model>(12, 5);
    for (const Index slots : {0, 2, 4}) {
      Reading<Model> session(params,
                             {.inner = inner, .layers = {.slots = slots, .pinned = {7, 13}}});
      session.read(tokens);
      for (const auto& block : std::get<1>(session.state().memory.stages)) {
        std::set<Index> positions;
        const auto entries = cached_entries(block);
        for (const Entry& entry : entries) positions.insert(entry.position);
        CHECK(std::ssize(entries) == slots);
        CHECK(std::ssize(positions) == slots);
        if (slots >= 2) CHECK((positions.contains(7) && positions.contains(13)));
      }
    }
  }

  TEST_CASE_TEMPLATE("A session's size does not grow with the text when it has a cache", Model,
                     Keeping, Signalling, Gating, Attending) {
    const auto params = laws::lively_params<Model>(5);
    Reading<Model> session(params, {.inner = inner});
    Index largest = 0;
    for (int i = 0; i < 24; ++i) {
      for (const Token token : laws::text<Model>(1, static_cast<std::uint64_t>(i))) {
        session.read(std::vector{token});
        if (i < 12) largest = std::max(largest, session.bytes());
        CHECK(session.bytes() <= largest);
      }
    }
  }
}

}  // namespace
