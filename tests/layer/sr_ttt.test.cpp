// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/block.hpp>
#include <ttt/layer/fast.hpp>
#include <ttt/layer/sr_ttt.hpp>
#include <ttt/layer/swiglu.hpp>
#include <ttt/learn/adjoint.hpp>
#include <ttt/learn/gradient.hpp>
#include <ttt/model/memory_file.hpp>
#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;
using laws::disagreement;
using laws::normal;

/// A part of the filter does not divide the window, and the window is no multiple of the chunk.
constexpr ModelSpec small = checked({.vocab = 13,
                                     .width = 6,
                                     .heads = 2,
                                     .hidden = 7,
                                     .window = 11,
                                     .chunk = 4,
                                     .head = 4,
                                     .norms = Norms::before,
                                     .norm = NormKind::layer,
                                     .init = {.gain = 0.5}});
constexpr PercentileFilter filter{.percent = 60, .part = 5};
constexpr ResidualDelta<> memory{.slots = 5, .filter = filter};
using Small = SrTtt<small, 2, memory>;
/// As long a window in chunks of three times its length, around fast weights of the model.
constexpr ResidualDelta<> other{
    .window = 5, .slots = 4, .filter = filter, .delta = {.chunk = 15, .heads = 1, .head = 6}};
using Other = LanguageModel<small, Repeat<1, Block<With<other>, SwiGlu>>,
                            Repeat<1, Block<With<other>, Fast<SwiGlu>>>>;
using NoCache = SrTtt<small, 2, ResidualDelta<>{.slots = 0}>;
using Delta = LanguageModel<small, Repeat<2, Block<DeltaMemory, SwiGlu>>>;

template <class Model, class S = double>
typename Model::template Params<Matrix<S>> lively(std::uint64_t seed = 1) {
  Random random(seed);
  return map_tree<Matrix<S>>(
      [&](const Leaf& leaf, const TensorSpec& tensor) -> Matrix<S> {
        Matrix<S> numbers = normal<S>(tensor.rows, tensor.cols, random, 0.4);
        if (leaf.name.ends_with("gate_param")) numbers.setConstant(S(0.4));
        if (leaf.name.ends_with("ttt_lr")) numbers.setConstant(S(0.1));
        if (tensor.init.constant == 1) numbers.array() += S(1);
        return numbers;
      },
      Model::tensors());
}

std::vector<Token> text(Index time) {
  Random random(3);
  return laws::drawn_tokens(time, small.vocab, random);
}

/// The logits of a text in one read.
template <class Model, class S>
Matrix<S> logits(const typename Model::template Params<Matrix<S>>& params,
                 std::span<const Token> tokens, const typename Model::Options& options) {
  typename Model::template State<Matrix<S>> state;
  RotaryTables<Matrix<S>> rotary;
  const typename Model::template ContextOf<Matrix<S>> context{
      .spec = small, .rotary = rotary, .options = options};
  return Model::logits(params,
                       Model::suffix(params, state, Model::embed(params, tokens), context, 0));
}

template <class Model, class S>
void check_causal(const typename Model::Options& options) {
  const auto params = lively<Model, S>();
  const auto tokens = text(47);
  const Matrix<S> whole = logits<Model, S>(params, tokens, options);
  for (Index changed = 0; changed < 47; ++changed) {
    CAPTURE(changed);
    auto changed_tokens = tokens;
    for (Index t = changed; t < 47; ++t) at(changed_tokens, t) = (at(tokens, t) + 1) % 13;
    const Matrix<S> again = logits<Model, S>(params, changed_tokens, options);
    CHECK(again.topRows(changed) == whole.topRows(changed));
    CHECK(again.row(changed) != whole.row(changed));
  }
}

template <class Model>
void check_streaming(const typename Model::Options& layers) {
  const auto params = lively<Model>();
  const auto tokens = text(61);
  using Reader = Session<Model, Matrix<double>>;
  Reader whole(params, {.learning = Learning::off, .layers = layers});
  whole.read(tokens);
  Random random(4);
  for (int cut = 0; cut < 10; ++cut) {
    Reader session(params, whole.options());
    const Index longest = cut == 0 ? 1 : 1 + random.below(25);
    for (std::span rest(tokens); !rest.empty();) {
      const auto count = std::min(rest.size(), static_cast<std::size_t>(1 + random.below(longest)));
      session.read(rest.first(count));
      rest = rest.subspan(count);
    }
    CHECK(disagreement(session.logits(), whole.logits()) < 1e-12);
    for_each_array(
        [](const Leaf& leaf, const auto& streamed, const auto& at_once) {
          CAPTURE(leaf.name);
          CHECK(disagreement(streamed, at_once) < 1e-12);
        },
        session.state().memory, whole.state().memory);
  }
}

TEST_SUITE("layer") {
  TEST_CASE_TEMPLATE("changing a token changes no bit of what SR-TTT makes of earlier ones", S,
                     double, float) {
    check_causal<Small, S>({.forced = {2, 17}});
    check_causal<Small, S>({.caching = Caching::off});
    check_causal<Other, S>({});
    check_causal<NoCache, S>({});
    check_causal<Delta, S>({});
  }

  TEST_CASE("cutting a text into reads changes nothing beyond rounding") {
    check_streaming<Small>({.forced = {7, 8, 30}});
    check_streaming<Small>({.caching = Caching::off});
    check_streaming<Other>({});
    check_streaming<NoCache>({});
    check_streaming<Delta>({});
  }

  TEST_CASE("without slots there is no cache, in parameters, state or values") {
    const auto params = lively<NoCache>();
    CHECK(std::get<0>(std::get<0>(params.stages)[0].parts).part.gate.size() == 0);
    CHECK(std::get<0>(std::get<0>(params.stages)[0].parts).part.recall.wq.size() == 0);
    const auto tokens = text(50);
    Session<NoCache, Matrix<double>> session(params);
    session.read(tokens);
    const auto& state = std::get<0>(std::get<0>(session.state().memory.stages)[0].parts);
    CHECK(state.window.size() == 0);
    CHECK(state.surprisal.empty());
    CHECK(state.cache.entries.empty());
    CHECK(state.delta.weights.rows() == 4);

    // The same parameters with a cache that is off.
    auto with = lively<Small>();
    for_each_array(
        [](const Leaf&, Matrix<double>& to, const Matrix<double>& from) {
          if (from.size() > 0) to = from;
        },
        with, params);
    Session<Small, Matrix<double>> off(with, {.layers = {.caching = Caching::off}});
    off.read(tokens);
    CHECK(off.logits() == session.logits());
    Session<Small, Matrix<double>> on(with);
    on.read(tokens);
    CHECK(on.logits() != session.logits());
  }

  TEST_CASE("a DeltaMemory by itself is the memory of SR-TTT without a cache") {
    const auto params = lively<NoCache>();
    const auto tokens = text(50);
    Delta::Params<Matrix<double>> same;
    same.embedding = params.embedding;
    same.norm = params.norm;
    for (std::size_t n = 0; n < 2; ++n) {
      auto& to = std::get<0>(same.stages)[n].parts;
      const auto& from = std::get<0>(params.stages)[n].parts;
      std::get<0>(to).norm = std::get<0>(from).norm;
      std::get<0>(to).part = std::get<0>(from).part.delta;
      std::get<1>(to).norm = std::get<1>(from).norm;
      std::get<1>(to).part = std::get<1>(from).part;
    }
    CHECK(logits<Delta, double>(same, tokens, {}) == logits<NoCache, double>(params, tokens, {}));
  }

  TEST_CASE("entries note the attention of each query, a share of one") {
    const auto params = lively<Small>();
    Session<Small, Matrix<double>> session(params, {.layers = {.forced = {2, 7}}});
    session.read(text(21));  // a window of 11, and 10 queries of what it left
    Index caches = 0;
    for_each_metadata(
        [&](const std::string& name, const AnyMetadata& data) {
          const auto* entries = dynamic_cast<const Metadata<Entry>*>(&data);
          if (entries == nullptr) return;
          CAPTURE(name);
          REQUIRE(entries->size() >= 2);
          double received = 0;
          Index last = 0;
          for (const Entry& entry : *entries) {
            received += entry.attended;
            last = std::max(last, entry.attended_at);
            CHECK(entry.readers == 10);
            CHECK(entry.attended_at >= 11);
          }
          CHECK(received == doctest::Approx(10));
          CHECK(last == 20);
          ++caches;
        },
        session.state().memory);
    CHECK(caches == 2);
  }

  TEST_CASE("a session of SR-TTT goes on from its file, bit for bit") {
    const auto path = std::filesystem::temp_directory_path() / "ttt_sr_ttt.safetensors";
    const auto params = lively<Small, float>();
    const auto tokens = text(90);
    using Reader = Session<Small>;
    const Reader::Options options{.layers = {.forced = {3, 4, 40}}};
    for (Index read = 0; read < 48; ++read) {
      CAPTURE(read);
      Reader session(params, options);
      session.read(std::span(tokens).first(static_cast<std::size_t>(read)));
      save_memory(path, session);
      auto restored = load_memory<Small>(path, params, options);
      CHECK(restored.bytes() == session.bytes());
      const auto rest = std::span(tokens).subspan(static_cast<std::size_t>(read));
      CHECK(restored.read(rest) == session.read(rest));
      const auto entries = [](const Reader& s) {
        return std::get<0>(std::get<0>(s.state().memory.stages)[1].parts).cache.entries.table();
      };
      CHECK(entries(restored) == entries(session));
    }
    std::filesystem::remove(path);
  }

  TEST_CASE("a state that the layer cannot have is refused") {
    using M = Matrix<double>;
    const auto params = lively<Small>();
    Session<Small, M> session(params, {.layers = {.forced = {3, 4}}});
    session.read(text(26));
    const auto refused = [&](auto&& change, const char* message) {
      auto state = session.state();
      change(std::get<0>(std::get<0>(state.memory.stages)[1].parts));
      CHECK_THROWS_WITH(static_cast<void>(session.continued(state)), message);
    };
    CHECK_NOTHROW(static_cast<void>(session.continued(session.state())));
    refused([](auto& s) { s.delta.weights = M::Zero(3, 8); },
            "DeltaMemory: weights must be [4, 8], got [3, 8]");
    refused([](auto& s) { s.delta.keys = M::Zero(3, 8); },
            "DeltaMemory: keys must have at most 2 rows, got 3");
    refused([](auto& s) { s.delta.errors = M::Zero(1, 8); },
            "DeltaMemory: errors must be [2, 8], got [1, 8]");
    refused([](auto& s) { s.window = M::Zero(5, 6); },
            "ResidualDelta: tokens of the window must be at most 4, got 5");
    refused([](auto& s) { s.surprisal.pop_back(); },
            "ResidualDelta: window must be [3, 6], got [4, 6]");
    refused([](auto& s) { s.threshold.push_back(1); },
            "ResidualDelta: thresholds must be at most 1, got 2");
    refused([](auto& s) { s.threshold.clear(); },
            "ResidualDelta: entries must be at most 0, got 5");
    refused([](auto& s) { s.cache.entries.pop_back(); },
            "ResidualDelta: cache.hidden must be [4, 6], got [5, 6]");
    refused([](auto& s) { s.cache.entries.back().position = 22; },
            ("ResidualDelta: positions of entries must rise below 22, got 22 behind " +
             std::to_string(std::get<0>(std::get<0>(session.state().memory.stages)[1].parts)
                                .cache.entries[3]
                                .position))
                .c_str());
  }

  TEST_CASE("a setting that breaks a rule is refused by name") {
    const auto refused = [](auto layer, const char* rule) {
      CHECK_THROWS_WITH_AS(static_cast<void>(layer.tensors(small)), rule, SpecError);
    };
    refused(ResidualDelta<>{.window = -1}, "window must not be negative");
    refused(ResidualDelta<>{.slots = -1}, "slots must not be negative");
    refused(ResidualDelta<>{.largest_gate = -0.1}, "largest_gate must not be negative");
    refused(ResidualDelta<>{.filter = {.part = 0}}, "filter.part must be positive");
    refused(ResidualDelta<>{.filter = {.percent = 101}}, "filter.percent must be in 0..100");
    refused(DeltaMemory{.chunk = -1}, "chunk must not be negative");
    refused(DeltaMemory{.heads = -1}, "heads must not be negative");
    refused(DeltaMemory{.head = -1}, "head must not be negative");
    refused(ResidualDelta<>{.delta = {.head = 7}}, "head must be even, for rotary positions");
    refused(DeltaMemory{.rotary = {.base = 1}}, "rotary.base must be greater than 1");
    const auto params = lively<Small>();
    const auto tokens = text(31);
    CHECK_THROWS_WITH_AS((static_cast<void>(plain_gradient<Small, Matrix<double>>(
                             params, {.tokens = tokens}, {.oracle = 1, .queries = {11}}))),
                         "ResidualDelta.read: needles must be [1], got [0]", ShapeError);
  }

  TEST_CASE("SR-TTT starts as published") {
    constexpr ModelSpec wide = checked({.vocab = 500,
                                        .width = 64,
                                        .heads = 4,
                                        .hidden = 128,
                                        .window = 64,
                                        .chunk = 16,
                                        .norms = Norms::before,
                                        .norm = NormKind::layer,
                                        .init = {.gain = 0.5}});
    const auto params = SrTtt<wide, 1>::initial<Matrix<double>>(1);
    const auto& [norm, part, post_norm] = std::get<0>(std::get<0>(params.stages)[0].parts);
    const auto deviation = [](const Matrix<double>& m) {
      return m.norm() / std::sqrt(static_cast<double>(m.size()));
    };
    CHECK(part.gate(0, 0) == 0.05);
    CHECK(part.delta.rate == Matrix<double>::Constant(1, 4, 0.01));
    CHECK(norm.weight == Matrix<double>::Ones(1, 64));
    CHECK(params.norm.bias == Matrix<double>::Zero(1, 64));
    CHECK(deviation(params.embedding) == doctest::Approx(0.5 * std::sqrt(2.0 / 564)).epsilon(0.02));
    CHECK(deviation(part.delta.wq) == doctest::Approx(0.0625).epsilon(0.05));
    CHECK(deviation(part.recall.wo) == doctest::Approx(0.0625).epsilon(0.05));
    const double bound = std::sqrt(6.0 / (16 * 16 + 4 * 16));
    CHECK(part.delta.weights.cwiseAbs().maxCoeff() <= bound);
    CHECK(deviation(part.delta.weights) == doctest::Approx(bound / std::sqrt(3)).epsilon(0.05));
  }

  TEST_CASE("beside fast weights of the model, learning at rate 0 is reading without learning") {
    using M = Matrix<double>;
    const auto params = lively<Other>();
    const auto tokens = text(33);
    const Other::Options options{
        .forced = {14}, .oracle = 0.5, .queries = {16, 17}, .needles = {14, 13}};
    const auto plain = plain_gradient<Other, M>(params, {.tokens = tokens}, options);
    const auto meta =
        MetaLearner<Other, M>({.inner = {.optimiser = {.rate = 0}}, .layers = options})
            .gradient(params, {.tokens = tokens});
    CHECK(plain.auxiliary > 0);
    CHECK(meta.loss == doctest::Approx(plain.loss).epsilon(1e-12));
    for_each_array(
        [](const Leaf& leaf, const M& a, const M& b) {
          CAPTURE(leaf.name);
          CHECK(disagreement(a, b) < 1e-10);
        },
        meta.params, plain.params);
  }
}

}  // namespace
