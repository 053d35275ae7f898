// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/safetensors.hpp>
#include <ttt/learn/gradient.hpp>
#include <ttt/model/sampler.hpp>
#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "laws/numbers.hpp"

namespace golden {

using namespace ttt;
using laws::disagreement;

/// Agreement with arrays that the original implementation of SR-TTT made in double precision,
/// relative to the largest entry of each.
template <class S>
struct SrTttTolerance {
  double values;
  double gradients;
};
template <class S>
inline constexpr SrTttTolerance<S> sr_ttt_tolerance{1e-12, 1e-12};
template <>
inline constexpr SrTttTolerance<float> sr_ttt_tolerance<float>{1e-5, 1e-4};

/// How a file's text is read, and what the loss is.
struct SrTttRun {
  Caching caching = Caching::on;
  double answer = 0;
  double oracle = 0;
};

/// The original's name of a parameter.
inline std::string sr_ttt_name(std::string name) {
  constexpr std::array<std::array<const char*, 2>, 6> words{{{"model.wte.", "embed."},
                                                             {"model.ln_f.", "norm_out."},
                                                             {"model.h.blocks.", "blocks."},
                                                             {".memory_norm.", ".norm1."},
                                                             {".ffn_norm.", ".norm2."},
                                                             {".feed_forward.", ".ffn."}}};
  const auto replace = [&](const std::string& ours, const std::string& theirs) {
    const auto found = name.find(ours);
    if (found != std::string::npos) name.replace(found, ours.size(), theirs);
  };
  for (const auto& [ours, theirs] : words) replace(ours, theirs);
  replace(".memory.", ".");
  return name;
}

/// A file, and its arrays in our form.
class SrTttFile {
 public:
  SrTttFile(const std::string& name, const DeltaMemory& delta)
      : archive_(file::read(TTT_TEST_DATA "/sr_ttt/" + name + ".safetensors")), delta_(delta) {}

  [[nodiscard]] const file::Archive& archive() const { return archive_; }
  [[nodiscard]] bool has(const std::string& name) const {
    return archive_.tensors().contains(name);
  }

  [[nodiscard]] std::vector<Token> tokens() const {
    const auto wide = archive_.integers("input_ids");
    return {wide.begin(), wide.end()};
  }
  [[nodiscard]] std::vector<Index> places(const std::string& name) const {
    if (!has(name)) return {};
    const auto wide = archive_.integers(name);
    return {wide.begin(), wide.end()};
  }
  [[nodiscard]] double number(const std::string& name) const {
    return archive_.matrix<double>(name)(0, 0);
  }

  /// An array of a parameter's form: theirs are [out, in], ours [in, out]; the fast weights of
  /// theirs are a stack of heads, those of ours stand side by side.
  [[nodiscard]] Matrix<double> parameter(const std::string& kind, const std::string& name) const {
    const auto view = archive_.view(kind + name);
    if (view.shape().size() == 3) return heads(view);
    const auto matrix = view.matrix<double>();
    if (view.shape().size() < 2 || name == "embed.weight") return matrix;
    return matrix.transpose();
  }

  /// Heads of [out, in], side by side as [in, heads * out].
  [[nodiscard]] Matrix<double> heads(const file::TensorView& view) const {
    Matrix<double> all(delta_.head, delta_.heads * delta_.head);
    for (Index h = 0; h < delta_.heads; ++h) {
      all.middleCols(h * delta_.head, delta_.head) = view.slice(h).matrix<double>().transpose();
    }
    return all;
  }

  /// Rows first .. first + count - 1 of slice `block` of a stack.
  [[nodiscard]] Matrix<double> rows(const std::string& name, Index block, Index first,
                                    Index count) const {
    return archive_.view(name).slice(block).matrix<double>().middleRows(first, count);
  }

 private:
  file::Archive archive_;
  DeltaMemory delta_;
};

/// Everything that a model computes while it reads agrees with a file. The text is read chunk by
/// chunk, and the states are looked at between reads.
template <class Model, class Layer, class S>
class SrTttReading {
 public:
  using M = Matrix<S>;
  using Params = typename Model::template Params<M>;
  using State = typename Model::template State<M>;

  SrTttReading(const SrTttFile& file, const Params& params, const SrTttOptions& options)
      : file_(file), params_(params), options_(options) {}

  /// Reads a chunk.
  void read(std::span<const Token> tokens) {
    CAPTURE(position_);
    const State before = state_;
    for (Index block = 0; block < depth; ++block) {
      State copy = before;
      const M h = Model::prefix(params_, copy, Model::embed(params_, tokens), context(),
                                static_cast<std::size_t>(block))
                      .rows;
      if (block > 0) check_rows(h, "layer_out", block - 1);
      look_inside(block, h, part_of(before, block));
    }
    const auto border =
        Model::prefix(params_, state_, Model::embed(params_, tokens), context(), Model::depth);
    check_rows(border.rows, "layer_out", depth - 1);
    const M logits = Model::logits(
        params_, Model::suffix(params_, state_, border.rows, context(), Model::depth));
    const Matrix<double> expected =
        file_.archive().template matrix<double>("logits").middleRows(position_, std::ssize(tokens));
    check(logits, expected);
    position_ += std::ssize(tokens);
    check_states(before, position_ % layer.delta.chunk == 0, position_ % layer.window == 0);
  }

  /// What only the whole text shows.
  void finish() {
    const State before = state_;
    for (Index block = 0; block < depth; ++block) {
      layer.flush(part_of_params(block).part, part_of(state_, block), context());
    }
    check_states(before, position_ % layer.delta.chunk != 0, position_ % layer.window != 0);
    if (options_.caching == Caching::off) return;
    const auto inserts = file_.archive().integers("total_inserts");
    const auto evictions = file_.archive().integers("total_evictions");
    for (std::size_t block = 0; block < inserts.size(); ++block) {
      CHECK(totals_[block][0] == inserts[block]);
      CHECK(totals_[block][1] == evictions[block]);
    }
    if (!file_.has("containment")) return;
    check_noted(containment_, "containment");
    check_noted(oracle_mass_, "oracle_mass");
    CHECK(joined(naturally_flagged_) == file_.archive().integers("naturally_flagged"));
  }

  [[nodiscard]] const State& state() const { return state_; }

 private:
  static constexpr Index depth = static_cast<Index>(Model::depth);
  static constexpr auto layer = Layer{}.settled(Model::spec);
  /// Numbers by block and window, or by block, window and head.
  template <class T>
  using Noted = std::map<std::pair<Index, Index>, std::vector<T>>;

  static auto& part_of(auto& state, Index block) {
    return std::get<0>(at(std::get<0>(state.stages), block).parts);
  }
  [[nodiscard]] const auto& part_of_params(Index block) const {
    return std::get<0>(at(std::get<0>(params_.stages), block).parts);
  }
  [[nodiscard]] typename Model::template ContextOf<M> context() {
    return {.spec = Model::spec, .rotary = rotary_, .position = position_, .options = options_};
  }

  template <class Ours, class Theirs>
  static void check(const Ours& ours, const Theirs& theirs) {
    CHECK(disagreement(ours, theirs) < sr_ttt_tolerance<S>.values);
  }
  void check_rows(const M& ours, const char* name, Index block) const {
    CAPTURE(name);
    CAPTURE(block);
    check(ours, file_.rows(name, block, position_, ours.rows()));
  }

  /// The two memories of a block one by one, with the states before a read.
  template <class PartState>
  void look_inside(Index block, const M& h, const PartState& before) {
    CAPTURE(block);
    const auto& [norm, part, post_norm] = part_of_params(block);
    const M g = Norm::read<Model::spec.norm>(norm, h, Model::spec);
    auto delta = before.delta;
    std::vector<double>& surprisal = surprisal_[static_cast<std::size_t>(block)];
    const std::size_t known = surprisal.size();
    check_rows(layer.delta.read(part.delta, delta, g, context(), &surprisal), "ttt_out", block);
    const Matrix<double> expected = file_.archive()
                                        .template matrix<double>("surprisal")
                                        .row(block)
                                        .segment(position_, g.rows());
    check(Matrix<double>(Eigen::Map<const Matrix<double>>(surprisal.data() + known, 1, g.rows())),
          expected);
    if (options_.caching == Caching::off) return;
    const Index stored = std::ssize(before.cache.entries);
    M weights = M::Zero(g.rows(), 0);
    M recalled = M::Zero(g.rows(), g.cols());
    if (stored > 0) {
      const auto result = RecallHidden::read(part.recall, before.cache.hidden, before.cache.entries,
                                             g, layer.delta.heads, position_);
      weights = result.weights;
      recalled = matmul(result.rows, part.recall.wo);
    }
    check_rows(recalled, "cache_read", block);
    for (Index head = 0; head < layer.delta.heads; ++head) {
      const auto theirs = file_.archive().view("cache_attention").slice(block);
      Matrix<double> ours = Matrix<double>::Zero(g.rows(), layer.slots);
      ours.leftCols(stored) = weights.middleCols(head * stored, stored).template cast<double>();
      check(ours, Matrix<double>(theirs.slice(head).template matrix<double>().middleRows(
                      position_, g.rows())));
    }
    note_needles(block, before.cache.entries, weights);
  }

  /// The states behind a read, or behind the text.
  void check_states(const State& before, bool steps, bool stores) {
    for (Index block = 0; block < depth; ++block) {
      CAPTURE(block);
      const auto& now = part_of(state_, block);
      if (steps) {
        const auto theirs = file_.archive().view("fast_weight").slice(block);
        check(now.delta.weights, file_.heads(theirs.slice((position_ - 1) / layer.delta.chunk)));
      }
      if (stores && options_.caching == Caching::on) {
        check_window(block, part_of(before, block), now);
      }
    }
  }

  /// What the filter says of the window that ends here, and what the cache holds afterwards.
  template <class PartState>
  void check_window(Index block, const PartState& before, const PartState& now) {
    const Index window = (position_ - 1) / layer.window;
    auto& surprisal = surprisal_[static_cast<std::size_t>(block)];
    const Flagged flagged = layer.filter(
        surprisal, before.threshold.empty() ? std::nullopt : std::optional(before.threshold[0]));
    surprisal.clear();
    REQUIRE(now.threshold.size() == 1);
    const double theirs = file_.archive().template matrix<double>("threshold")(block, window);
    CHECK(now.threshold[0] == doctest::Approx(theirs).epsilon(sr_ttt_tolerance<S>.values));
    CHECK(now.threshold[0] == doctest::Approx(flagged.threshold).epsilon(1e-15));
    Index offered = 0;
    for (std::size_t t = 0; t < flagged.tokens.size(); ++t) {
      const Index position = window * layer.window + static_cast<Index>(t);
      CAPTURE(position);
      const auto flag = [&](const char* name) {
        return at(file_.archive().view(name).slice(block).integers(), position) != 0;
      };
      CHECK(flagged.above[t] == flag("above_threshold"));
      CHECK(flagged.tokens[t] == flag("flagged"));
      offered += flagged.tokens[t] || is_forced(position) ? 1 : 0;
    }
    check_entries(block, window, now.cache.entries);
    count_insertion(block, std::ssize(before.cache.entries), offered);
    note_flags(block, window, flagged);
  }

  void check_entries(Index block, Index window, const std::vector<Entry>& entries) const {
    const auto count = file_.archive().view("cache.count").slice(block).integers();
    REQUIRE(std::ssize(entries) == at(count, window));
    const auto column = [&](const std::string& name) {
      return file_.archive().view("cache." + name).slice(block).slice(window);
    };
    const auto position = column("position").integers();
    const auto age = column("age").integers();
    const auto needle = column("needle").integers();
    const auto surprisal = column("surprisal").template matrix<double>();
    for (std::size_t n = 0; n < entries.size(); ++n) {
      CAPTURE(n);
      CHECK(entries[n].position == position[n]);
      CHECK(entries[n].insertions == age[n]);
      CHECK(is_forced(entries[n].position) == (needle[n] != 0));
      CHECK(
          entries[n].surprisal ==
          doctest::Approx(surprisal(0, static_cast<Index>(n))).epsilon(sr_ttt_tolerance<S>.values));
    }
  }

  /// As the original counts, whose counters begin anew with an emptied cache.
  void count_insertion(Index block, Index residents, Index offered) {
    auto& totals = totals_[static_cast<std::size_t>(block)];
    const Index evicted = std::max<Index>(0, residents + offered - layer.slots);
    totals = evicted > 0 && evicted >= residents
                 ? std::array<Index, 2>{}
                 : std::array<Index, 2>{totals[0] + offered, totals[1] + evicted};
  }

  [[nodiscard]] bool is_forced(Index position) const {
    return std::ranges::find(options_.forced, position) != options_.forced.end();
  }

  /// How much of what the chunk's queries ask for is stored, and how they attend to it.
  void note_needles(Index block, const std::vector<Entry>& entries, const M& weights) {
    const auto queries = file_.places("answer_positions");
    const auto needle = file_.places("needle_positions");
    const std::pair place{block, position_ / layer.window};
    std::vector<Index> asked;  // of the whole window
    for (std::size_t n = 0; n < queries.size(); ++n) {
      if (queries[n] / layer.window == place.second) asked.push_back(needle[n]);
    }
    if (asked.empty()) return;
    const double share = containment(entries, asked);
    containment_[place] = {share};
    if (share == 0) return;
    const Index stored = std::ssize(entries);
    for (std::size_t n = 0; n < queries.size(); ++n) {
      const Index row = queries[n] - position_;
      if (row < 0 || row >= weights.rows()) continue;
      const auto slot = std::ranges::find(entries, needle[n], &Entry::position);
      for (Index h = 0; h < layer.delta.heads; ++h) {
        oracle_mass_[{block, place.second * layer.delta.heads + h}].push_back(
            slot == entries.end()
                ? 0
                : static_cast<double>(weights(row, h * stored + (slot - entries.begin()))));
      }
    }
  }

  /// How many of the needle's tokens in the window were flagged, and how many there are.
  void note_flags(Index block, Index window, const Flagged& flagged) {
    std::int64_t above = 0;
    std::int64_t here = 0;
    for (const Index position : file_.places("needle_positions")) {
      if (position / layer.window != window) continue;
      above += flagged.tokens[static_cast<std::size_t>(position % layer.window)] ? 1 : 0;
      ++here;
    }
    if (here > 0) naturally_flagged_[{block, window}] = {above, here};
  }

  /// What was noted, in the order of the files.
  template <class T>
  static std::vector<T> joined(const Noted<T>& noted) {
    std::vector<T> all;
    for (const auto& [place, part] : noted) all.insert(all.end(), part.begin(), part.end());
    return all;
  }
  void check_noted(const Noted<double>& noted, const std::string& name) const {
    const auto ours = joined(noted);
    check(Matrix<double>(Eigen::Map<const Matrix<double>>(ours.data(), 1, std::ssize(ours))),
          file_.archive().template matrix<double>(name));
  }

  const SrTttFile& file_;
  const Params& params_;
  const SrTttOptions& options_;
  RotaryTables<M> rotary_;
  State state_;
  Index position_ = 0;
  std::array<std::vector<double>, Model::depth> surprisal_;  // of the window in progress
  std::array<std::array<Index, 2>, Model::depth> totals_{};
  Noted<double> containment_;
  Noted<double> oracle_mass_;
  Noted<std::int64_t> naturally_flagged_;
};

template <class Model, class S>
typename Model::template Params<Matrix<S>> sr_ttt_params(const SrTttFile& file) {
  return map_tree<Matrix<S>>(
      [&](const Leaf& leaf, const TensorSpec& tensor) -> Matrix<S> {
        if (tensor.rows == 0) return {};
        CAPTURE(leaf.name);
        const Matrix<double> array = file.parameter("param.", sr_ttt_name(leaf.name));
        REQUIRE(array.rows() == tensor.rows);
        REQUIRE(array.cols() == tensor.cols);
        return array.cast<S>();
      },
      Model::tensors());
}

/// The gradients of one kind agree; those that the file lacks are zero where all are asked for.
template <class S, class Params>
void check_sr_ttt_gradient(const SrTttFile& file, const std::string& kind, const Params& gradient,
                           bool all) {
  Index compared = 0;
  for_each_array(
      [&](const Leaf& leaf, const Matrix<S>& ours) {
        const std::string name = sr_ttt_name(leaf.name);
        CAPTURE(kind);
        CAPTURE(name);
        if (!file.has(kind + name)) {
          if (all) CHECK(ours == Matrix<S>::Zero(ours.rows(), ours.cols()));
          return;
        }
        CHECK(disagreement(ours, file.parameter(kind, name)) < sr_ttt_tolerance<S>.gradients);
        ++compared;
      },
      gradient);
  Index there = 0;
  for (const auto& [name, tensor] : file.archive().tensors()) there += name.starts_with(kind);
  CHECK(compared == there);
}

/// A session agrees, token by token, and continues the text as the original does.
template <class Model, class S, class State>
void check_sr_ttt_session(const SrTttFile& file,
                          const typename Model::template Params<Matrix<S>>& params,
                          const SrTttOptions& options, const State& whole) {
  constexpr double bound = sr_ttt_tolerance<S>.values;
  using Reader = Session<Model, Matrix<S>>;
  const auto tokens = file.tokens();
  const auto logits = file.archive().matrix<double>("logits");
  const auto expected =
      file.has("generated") ? file.archive().integers("generated") : std::vector<std::int64_t>{};
  Reader session(params, {.layers = options});
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    CAPTURE(t);
    if (t + expected.size() == tokens.size() && !expected.empty()) {
      Reader writer = session;
      const auto lead = file.archive().matrix<double>("generated_lead");
      for (std::size_t n = 0; n < expected.size(); ++n) {
        auto next = numbers(writer.logits());
        std::ranges::sort(next);
        CHECK(next.back() - next[next.size() - 2] ==
              doctest::Approx(lead(0, static_cast<Index>(n))).epsilon(10 * bound));
        CHECK(writer.generate(1, Greedy{})[0] == expected[n]);
      }
    }
    session.read(std::span(tokens).subspan(t, 1));
    CHECK(disagreement(session.logits(), Matrix<double>(logits.row(static_cast<Index>(t)))) <
          bound);
  }
  for_each_array(
      [&](const Leaf& leaf, const Matrix<S>& streamed, const Matrix<S>& at_once) {
        CAPTURE(leaf.name);
        CHECK(disagreement(streamed, at_once) < 10 * bound);
      },
      session.state().memory, whole);
}

/// The same layer with another kind of inner steps.
constexpr auto with_steps(auto layer, InnerSteps steps) {
  layer.delta.steps = steps;
  return layer;
}

/// Reading, generating, losses and gradients agree with a file; the layer's inner steps are both
/// tried.
template <class S, ModelSpec Spec, std::size_t Depth, auto Layer>
void check_sr_ttt(const std::string& name, const SrTttRun& run) {
  using Model = SrTtt<Spec, Depth, with_steps(Layer, InnerSteps::detached)>;
  using Whole = SrTtt<Spec, Depth, with_steps(Layer, InnerSteps::differentiated)>;
  using M = Matrix<S>;
  CAPTURE(name);
  const SrTttFile file(name, Layer.delta.settled(Spec));
  const auto params = sr_ttt_params<Model, S>(file);
  const auto tokens = file.tokens();
  const auto needles = file.places("needle_positions");
  SrTttOptions options{.caching = run.caching,
                       .forced = run.oracle != 0 ? needles : std::vector<Index>{}};

  SrTttReading<Model, With<Layer>, S> reading(file, params, options);
  const Index chunk = Layer.delta.settled(Spec).chunk;
  for (std::span rest(tokens); !rest.empty();) {
    const auto count = std::min(rest.size(), static_cast<std::size_t>(chunk));
    reading.read(rest.first(count));
    rest = rest.subspan(count);
  }
  const auto unflushed = reading.state();
  reading.finish();
  check_sr_ttt_session<Model, S>(file, params, options, unflushed);

  std::vector<float> weight(tokens.size() - 1, 0.0F);
  options.oracle = run.oracle;
  if (run.oracle != 0) {
    options.queries = file.places("answer_positions");
    options.needles = needles;
    for (const Index query : options.queries) {
      at(weight, query) += static_cast<float>(run.answer) / static_cast<float>(needles.size());
    }
  }
  const Text text{.tokens = tokens, .loss_weight = weight};
  const auto number = [&](const char* key) {
    return doctest::Approx(file.number(key)).epsilon(sr_ttt_tolerance<S>.values);
  };
  const bool all = run.caching == Caching::off;
  const auto gradient = plain_gradient<Model, M>(params, text, options);
  CHECK(gradient.loss == number("loss"));
  check_sr_ttt_gradient<S>(file, "grad.", gradient.params, all);
  const auto full = plain_gradient<Whole, M>(sr_ttt_params<Whole, S>(file), text, options);
  CHECK(full.loss == number("loss"));
  check_sr_ttt_gradient<S>(file, "grad_full.", full.params, all);
  if (run.oracle == 0) return;
  CHECK(gradient.loss - gradient.weighted - gradient.auxiliary == number("loss_lm"));
  CHECK(gradient.weighted == number("loss_answer"));
  CHECK(gradient.auxiliary == number("loss_oracle"));
  options.oracle = 0;
  const auto without = plain_gradient<Model, M>(params, text, options);
  CHECK(without.loss == number("loss_no_oracle"));
  check_sr_ttt_gradient<S>(file, "grad_no_oracle.", without.params, all);
}

/// The cache alone, insertion by insertion.
inline void check_sr_ttt_cache(const std::string& name, Index slots) {
  using M = Matrix<double>;
  const auto archive = file::read(TTT_TEST_DATA "/sr_ttt/" + name + ".safetensors");
  const auto call = archive.integers("cache.in.call");
  const auto position = archive.integers("cache.in.position");
  const M surprisal = archive.matrix<double>("cache.in.surprisal");
  const M hidden = archive.matrix<double>("cache.in.hidden");
  const auto counts = archive.integers("cache.count");
  const auto sizes = archive.integers("cache.in.calls");
  ResidualCache<>::State<M> state;
  std::array<Index, 2> totals{};
  for (std::size_t n = 0; n < sizes.size(); ++n) {
    CAPTURE(n);
    std::vector<Entry> newcomers;
    std::vector<Index> rows;
    for (std::size_t i = 0; i < call.size(); ++i) {
      if (call[i] != static_cast<std::int64_t>(n)) continue;
      newcomers.push_back(
          {.position = position[i], .surprisal = surprisal(0, static_cast<Index>(i))});
      rows.push_back(static_cast<Index>(i));
    }
    REQUIRE(std::ssize(newcomers) == sizes[n]);
    const Index residents = std::ssize(state.entries);
    ResidualCache<>{}.insert(state, choose_rows(hidden, rows), newcomers, slots);
    const auto row = static_cast<Index>(n);
    const Index evicted = std::max<Index>(0, residents + sizes[n] - slots);
    totals = evicted > 0 && evicted >= residents
                 ? std::array<Index, 2>{}
                 : std::array<Index, 2>{totals[0] + sizes[n], totals[1] + evicted};
    const auto total = archive.view("cache.totals").slice(row).integers();
    CHECK(totals[0] == total[0]);
    CHECK(totals[1] == total[1]);
    REQUIRE(std::ssize(state.entries) == counts[n]);
    const M expected = archive.view("cache.hidden").slice(row).matrix<double>();
    const M surprised = archive.view("cache.surprisal").slice(row).matrix<double>();
    for (std::size_t i = 0; i < state.entries.size(); ++i) {
      CAPTURE(i);
      const auto integer = [&](const char* column) {
        return archive.view(std::string("cache.") + column).slice(row).integers()[i];
      };
      const auto at = static_cast<Index>(i);
      CHECK(state.entries[i].position == integer("position"));
      CHECK(state.entries[i].insertions == integer("age"));
      CHECK(state.entries[i].surprisal == surprised(0, at));
      CHECK(state.hidden.row(at) == expected.row(at));
    }
  }
}

/// The filter alone, window by window.
inline void check_sr_ttt_filter(const std::string& name, const PercentileFilter& filter,
                                Index window) {
  const auto archive = file::read(TTT_TEST_DATA "/sr_ttt/" + name + ".safetensors");
  const Matrix<double> row = archive.matrix<double>("filter.loss");
  const Matrix<double> means = archive.matrix<double>("filter.chunk_mean");
  const Matrix<double> thresholds = archive.matrix<double>("filter.threshold");
  const auto expected = archive.integers("filter.flagged");
  const std::span<const double> losses(row.data(), static_cast<std::size_t>(row.size()));
  std::optional<double> threshold;
  for (Index w = 0; w < thresholds.size(); ++w) {
    CAPTURE(w);
    const auto first = static_cast<std::size_t>(w * window);
    const std::size_t count = std::min(static_cast<std::size_t>(window), losses.size() - first);
    const Flagged flagged = filter(losses.subspan(first, count), threshold);
    threshold = flagged.threshold;
    CHECK(*threshold == doctest::Approx(thresholds(0, w)).epsilon(1e-12));
    for (std::size_t t = 0; t < count; ++t) {
      CAPTURE(t);
      CHECK(flagged.tokens[t] == (expected[first + t] != 0));
      CHECK(flagged.part_mean[t] ==
            doctest::Approx(means(0, static_cast<Index>(first + t))).epsilon(1e-12));
    }
  }
}

/// The attention to the cache alone, with its gradient; `read` names the arrays.
inline void check_sr_ttt_recall(const std::string& name, const std::string& read) {
  using M = Matrix<double>;
  CAPTURE(read);
  constexpr double bound = sr_ttt_tolerance<double>.values;
  const auto archive = file::read(TTT_TEST_DATA "/sr_ttt/" + name + ".safetensors");
  const auto view = archive.view(read + ".attention");
  const Index heads = view.shape()[0];
  std::vector<Entry> entries;
  for (const auto position : archive.integers(read + ".cache_position")) {
    entries.push_back({.position = position});
  }
  const Index first = archive.integer("read.first_query_position");
  const M hidden = archive.matrix<double>("read.cache_hidden");
  const M query = archive.matrix<double>("read.query");
  const auto weight = [&](const std::string& of) -> M {
    return archive.matrix<double>(of + ".weight").transpose();
  };
  const RecallHidden::Params<M> params{.wq = weight("read.param.W_qc"),
                                       .wk = weight("read.param.W_kc"),
                                       .wv = weight("read.param.W_vc"),
                                       .wo = weight("read.param.W_o")};
  RecallHidden::Params<M> gradient;
  M query_gradient;
  Tape<M> tape;
  const auto lifted = leaves(tape, params, gradient);
  const auto result = RecallHidden::read(lifted, tape.constant(hidden), entries,
                                         tape.leaf(query, query_gradient), heads, first);
  const auto out = matmul(result.rows, lifted.wo);
  CHECK(disagreement(out.value(), archive.matrix<double>(read + ".out")) < bound);
  const Index stored = std::ssize(entries);
  for (Index h = 0; h < heads; ++h) {
    CHECK(disagreement(M(result.weights.value().middleCols(h * stored, stored)),
                       view.slice(h).matrix<double>()) < bound);
  }
  tape.seed(out, archive.matrix<double>(read + ".cotangent"));
  tape.pull_back();
  CHECK(disagreement(query_gradient, archive.matrix<double>(read + ".grad.query")) < bound);
  for_each_array(
      [&](const Leaf& leaf, const M& ours) {
        CAPTURE(leaf.name);
        const M theirs = archive.matrix<double>(read + ".grad." + leaf.name).transpose();
        CHECK(disagreement(ours, theirs) < bound);
      },
      gradient);
}

}  // namespace golden
