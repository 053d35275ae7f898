// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/safetensors.hpp>
#include <ttt/learn/sr_ttt.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace golden {

using namespace ttt;

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

/// Largest difference of two arrays over the largest entry of the expected one.
template <class Ours, class Theirs>
double sr_ttt_disagreement(const Ours& ours, const Theirs& theirs) {
  REQUIRE(ours.rows() == theirs.rows());
  REQUIRE(ours.cols() == theirs.cols());
  if (theirs.size() == 0) return 0;
  const double scale = std::max(theirs.template cast<double>().cwiseAbs().maxCoeff(), 1e-300);
  return (ours.template cast<double>() - theirs.template cast<double>()).cwiseAbs().maxCoeff() /
         scale;
}

/// How a file's text is read, and what it is read for.
struct SrTttRun {
  PercentileFilter filter;
  Caching caching = Caching::on;
  double answer = 0;
  double oracle = 0;
};

/// A file, and its arrays in our form.
class SrTttFile {
 public:
  SrTttFile(const std::string& name, const SrTttSpec& spec)
      : archive_(file::read(TTT_TEST_DATA "/sr_ttt/" + name + ".safetensors")), spec_(spec) {}

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

  /// An array of a parameter's form: theirs are [out, in], ours [in, out]; the fast weights of
  /// theirs are a stack of heads, those of ours lie side by side.
  [[nodiscard]] Matrix<double> parameter(const std::string& kind, const std::string& name) const {
    const auto view = archive_.view(kind + name);
    if (view.shape().size() == 3) return heads(view);
    const auto matrix = view.matrix<double>();
    if (view.shape().size() < 2 || name == "embed.weight") return matrix;
    return matrix.transpose();
  }

  /// Heads of [out, in], side by side as [in, heads * out].
  [[nodiscard]] Matrix<double> heads(const file::TensorView& view) const {
    Matrix<double> all(spec_.head, spec_.heads * spec_.head);
    for (Index h = 0; h < spec_.heads; ++h) {
      all.middleCols(h * spec_.head, spec_.head) = view.slice(h).matrix<double>().transpose();
    }
    return all;
  }

  /// Rows first .. first + count - 1 of slice `block` of a stack.
  [[nodiscard]] Matrix<double> rows(const std::string& name, Index block, Index first,
                                    Index count) const {
    return archive_.view(name).slice(block).matrix<double>().middleRows(first, count);
  }

  /// Row `row` of slice `block` of a stack of integers.
  [[nodiscard]] std::vector<std::int64_t> integers(const std::string& name, Index block,
                                                   Index row) const {
    return archive_.view(name).slice(block).slice(row).integers();
  }

 private:
  file::Archive archive_;
  SrTttSpec spec_;
};

/// Everything that a model does while it reads agrees with a file.
template <class Model, class S>
class SrTttReading {
 public:
  using M = Matrix<S>;

  SrTttReading(const SrTttFile& file, const SrTttOptions& options)
      : file_(file), options_(options) {}

  void operator()(const SrTttRead<M>& seen) {
    CAPTURE(seen.block);
    CAPTURE(seen.position);
    const Index time = seen.out.rows();
    const auto expected = [&](const char* name) {
      return file_.rows(name, seen.block, seen.position, time);
    };
    check(seen.learned, expected("ttt_out"));
    check(seen.out, expected("layer_out"));
    reads_++;
    if (options_.caching == Caching::off) return;
    const M none = M::Zero(time, seen.out.cols());
    check(seen.recalled == nullptr ? none : *seen.recalled, expected("cache_read"));
    for (Index h = 0; h < Model::spec.heads; ++h) {
      const Matrix<double> theirs = file_.archive()
                                        .view("cache_attention")
                                        .slice(seen.block)
                                        .slice(h)
                                        .template matrix<double>()
                                        .middleRows(seen.position, time);
      const Index kept = std::ssize(seen.entries);
      Matrix<double> ours = Matrix<double>::Zero(time, theirs.cols());
      if (kept > 0) {
        ours.leftCols(kept) = seen.weights->middleCols(h * kept, kept).template cast<double>();
      }
      check(ours, theirs);
    }
    note_needle(seen);
  }

  void operator()(const SrTttLearned<M>& seen) {
    CAPTURE(seen.block);
    CAPTURE(seen.position);
    const auto view = file_.archive().view("fast_weight").slice(seen.block);
    check(seen.fast, file_.heads(view.slice(seen.position / Model::spec.chunk)));
    const Matrix<double> surprisal = file_.archive()
                                         .template matrix<double>("surprisal")
                                         .row(seen.block)
                                         .segment(seen.position, std::ssize(seen.surprisal));
    check(Matrix<double>(Eigen::Map<const Matrix<double>>(seen.surprisal.data(), 1,
                                                          std::ssize(seen.surprisal))),
          surprisal);
    steps_++;
  }

  void operator()(const SrTttKept& seen) {
    CAPTURE(seen.block);
    CAPTURE(seen.position);
    const Index window = seen.position / Model::spec.window;
    CHECK(seen.flagged.threshold ==
          doctest::Approx(file_.archive().template matrix<double>("threshold")(seen.block, window))
              .epsilon(sr_ttt_tolerance<S>.values));
    for (std::size_t t = 0; t < seen.flagged.above.size(); ++t) {
      const auto at = static_cast<std::size_t>(seen.position) + t;
      CAPTURE(at);
      const auto flag = [&](const char* name) {
        return file_.archive().view(name).slice(seen.block).integers()[at] != 0;
      };
      CHECK(seen.flagged.above[t] == flag("above_threshold"));
      CHECK(seen.flagged.tokens[t] == flag("flagged"));
    }
    check_entries(seen, window);
    auto& totals = totals_[static_cast<std::size_t>(seen.block)];
    for (std::size_t n = 0; n < 2; ++n) {
      const Index more = n == 0 ? seen.insertion.inserted : seen.insertion.evicted;
      totals[n] = seen.insertion.emptied ? 0 : totals[n] + more;  // as the original counts
    }
    note_flags(seen);
    windows_++;
  }

  /// What only the whole text shows.
  void finish(Index time) const {
    const auto pieces = [&](Index size) { return Model::spec.depth * ((time + size - 1) / size); };
    CHECK(reads_ == pieces(Model::spec.window));
    CHECK(steps_ == pieces(Model::spec.chunk));
    if (options_.caching == Caching::off) return;
    CHECK(windows_ == pieces(Model::spec.window));
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

 private:
  /// Numbers by block and position.
  template <class T>
  using Noted = std::map<std::pair<Index, Index>, std::vector<T>>;

  template <class Ours, class Theirs>
  static void check(const Ours& ours, const Theirs& theirs) {
    CHECK(sr_ttt_disagreement(ours, theirs) < sr_ttt_tolerance<S>.values);
  }

  void check_entries(const SrTttKept& seen, Index window) const {
    const auto kept = static_cast<std::size_t>(file_.archive()
                                                   .view("cache.count")
                                                   .slice(seen.block)
                                                   .integers()[static_cast<std::size_t>(window)]);
    REQUIRE(seen.entries.size() == kept);
    const auto column = [&](const char* name) {
      return file_.integers(std::string("cache.") + name, seen.block, window);
    };
    const auto position = column("position");
    const auto age = column("age");
    const auto needle = column("needle");
    const auto surprisal = file_.archive()
                               .view("cache.surprisal")
                               .slice(seen.block)
                               .slice(window)
                               .template matrix<double>();
    for (std::size_t n = 0; n < kept; ++n) {
      CAPTURE(n);
      const AgedEntry& entry = seen.entries[n];
      CHECK(entry.position == position[n]);
      CHECK(entry.age == age[n]);
      CHECK(entry.forced == (needle[n] != 0));
      CHECK(
          entry.surprisal ==
          doctest::Approx(surprisal(0, static_cast<Index>(n))).epsilon(sr_ttt_tolerance<S>.values));
    }
  }

  /// How much of what the window's queries ask for is kept, and how they attend to it.
  void note_needle(const SrTttRead<M>& seen) {
    const auto queries = file_.places("answer_positions");
    const auto needle = file_.places("needle_positions");
    std::vector<Index> rows;
    std::vector<Index> asked;
    for (std::size_t n = 0; n < queries.size(); ++n) {
      const Index row = queries[n] - seen.position;
      if (row < 0 || row >= seen.out.rows()) continue;
      rows.push_back(row);
      asked.push_back(needle[n]);
    }
    if (asked.empty()) return;
    const std::pair place{seen.block, seen.position};
    const double share = containment(seen.entries, asked);
    containment_[place] = {share};
    if (share == 0) return;
    const Index kept = std::ssize(seen.entries);
    for (Index h = 0; h < Model::spec.heads; ++h) {
      for (std::size_t n = 0; n < rows.size(); ++n) {
        const auto slot = std::ranges::find(seen.entries, asked[n], &AgedEntry::position);
        const Index at = h * kept + (slot - seen.entries.begin());
        oracle_mass_[place].push_back(
            slot == seen.entries.end() ? 0 : static_cast<double>((*seen.weights)(rows[n], at)));
      }
    }
  }

  /// How many of the needle's tokens in the window were flagged, and how many there are.
  void note_flags(const SrTttKept& seen) {
    std::int64_t flagged = 0;
    std::int64_t here = 0;
    for (const Index position : file_.places("needle_positions")) {
      const Index t = position - seen.position;
      if (t < 0 || t >= std::ssize(seen.flagged.tokens)) continue;
      flagged += seen.flagged.tokens[static_cast<std::size_t>(t)] ? 1 : 0;
      ++here;
    }
    if (here > 0) naturally_flagged_[{seen.block, seen.position}] = {flagged, here};
  }

  /// What was noted, block by block and in each window by window, as the files have it.
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
  const SrTttOptions& options_;
  std::array<std::array<Index, 2>, Model::depth> totals_{};
  Noted<double> containment_;
  Noted<double> oracle_mass_;
  Noted<std::int64_t> naturally_flagged_;
  Index reads_ = 0;
  Index steps_ = 0;
  Index windows_ = 0;
};

template <class Model, class S>
typename Model::template Params<Matrix<S>> sr_ttt_params(const SrTttFile& file) {
  return map_tree<Matrix<S>>(
      [&](const Leaf& leaf, const SrTttTensor& tensor) -> Matrix<S> {
        const Matrix<double> array = file.parameter("param.", leaf.name);
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
        CAPTURE(kind);
        CAPTURE(leaf.name);
        if (!file.has(kind + leaf.name)) {
          if (all) CHECK(ours == Matrix<S>::Zero(ours.rows(), ours.cols()));
          return;
        }
        CHECK(sr_ttt_disagreement(ours, file.parameter(kind, leaf.name)) <
              sr_ttt_tolerance<S>.gradients);
        ++compared;
      },
      gradient);
  Index there = 0;
  for (const auto& [name, tensor] : file.archive().tensors()) there += name.starts_with(kind);
  CHECK(compared == there);
}

/// Reading, generating, losses and gradients agree with a file; the spec's steps do not matter.
template <class S, SrTttSpec Spec>
void check_sr_ttt(const std::string& name, const SrTttRun& run) {
  static constexpr SrTttSpec detached = [] {
    SrTttSpec spec = Spec;
    spec.steps = InnerSteps::detached;
    return spec;
  }();
  static constexpr SrTttSpec differentiated = [] {
    SrTttSpec spec = Spec;
    spec.steps = InnerSteps::differentiated;
    return spec;
  }();
  using Model = SrTtt<detached>;
  using Whole = SrTtt<differentiated>;
  CAPTURE(name);
  const SrTttFile file(name, Spec);
  const auto params = sr_ttt_params<Model, S>(file);
  const auto tokens = file.tokens();
  const bool forced = run.oracle != 0;
  const SrTttOptions options{
      .filter = run.filter,
      .caching = run.caching,
      .forced = forced ? file.places("needle_positions") : std::vector<Index>{}};

  SrTttReading<Model, S> reading(file, options);
  SrTttSession<Model, S> session(params, options);
  const Matrix<S> logits = session.read(tokens, reading);
  session.settle(reading);
  reading.finish(std::ssize(tokens));
  CHECK(sr_ttt_disagreement(logits, file.archive().matrix<double>("logits")) <
        sr_ttt_tolerance<S>.values);

  if (file.has("generated")) {
    const auto expected = file.archive().integers("generated");
    const auto lead = file.archive().matrix<double>("generated_lead");
    SrTttSession<Model, S> writer(params, options);
    Matrix<S> last =
        writer.read(std::span(tokens).first(tokens.size() - expected.size())).bottomRows(1);
    for (std::size_t n = 0; n < expected.size(); ++n) {
      Index best = 0;
      const double highest = static_cast<double>(last.row(0).maxCoeff(&best));
      CHECK(best == expected[n]);
      last(0, best) = -std::numeric_limits<S>::infinity();
      CHECK(
          highest - static_cast<double>(last.maxCoeff()) ==
          doctest::Approx(lead(0, static_cast<Index>(n))).epsilon(10 * sr_ttt_tolerance<S>.values));
      const auto token = static_cast<Token>(best);
      last = writer.read(std::span(&token, 1));
    }
  }

  SrTttObjective objective{.answer = run.answer, .oracle = run.oracle};
  if (forced) {
    objective.queries = file.places("answer_positions");
    objective.needle = file.places("needle_positions");
  }
  const auto number = [&](const char* key) {
    return doctest::Approx(file.archive().matrix<double>(key)(0, 0))
        .epsilon(sr_ttt_tolerance<S>.values);
  };
  const bool all = run.caching == Caching::off;
  const auto gradient = sr_ttt_gradient<Model, S>(params, tokens, options, objective);
  CHECK(gradient.loss == number("loss"));
  check_sr_ttt_gradient<S>(file, "grad.", gradient.params, all);
  const auto full =
      sr_ttt_gradient<Whole, S>(sr_ttt_params<Whole, S>(file), tokens, options, objective);
  CHECK(full.loss == number("loss"));
  check_sr_ttt_gradient<S>(file, "grad_full.", full.params, all);
  if (!forced) return;
  CHECK(gradient.language == number("loss_lm"));
  CHECK(gradient.answer == number("loss_answer"));
  CHECK(gradient.oracle == number("loss_oracle"));
  objective.oracle = 0;
  const auto without = sr_ttt_gradient<Model, S>(params, tokens, options, objective);
  CHECK(without.loss == number("loss_no_oracle"));
  check_sr_ttt_gradient<S>(file, "grad_no_oracle.", without.params, all);
}

/// The cache alone, insertion by insertion.
inline void check_sr_ttt_cache(const std::string& name, Index slots) {
  using M = Matrix<double>;
  const auto archive = file::read(TTT_TEST_DATA "/sr_ttt/" + name + ".safetensors");
  const auto call = archive.integers("cache.in.call");
  const auto position = archive.integers("cache.in.position");
  const auto needle = archive.integers("cache.in.needle");
  const M surprisal = archive.matrix<double>("cache.in.surprisal");
  const M hidden = archive.matrix<double>("cache.in.hidden");
  const auto counts = archive.integers("cache.count");
  const auto sizes = archive.integers("cache.in.calls");
  ResidualCache<>::State<M> state;
  std::array<Index, 2> totals{};
  for (std::size_t n = 0; n < sizes.size(); ++n) {
    CAPTURE(n);
    std::vector<AgedEntry> newcomers;
    std::vector<Index> rows;
    for (std::size_t i = 0; i < call.size(); ++i) {
      if (call[i] != static_cast<std::int64_t>(n)) continue;
      AgedEntry entry;
      entry.position = position[i];
      entry.surprisal = surprisal(0, static_cast<Index>(i));
      entry.forced = needle[i] != 0;
      newcomers.push_back(entry);
      rows.push_back(static_cast<Index>(i));
    }
    REQUIRE(std::ssize(newcomers) == sizes[n]);
    const Insertion done =
        ResidualCache<>::insert(state, choose_rows(hidden, rows), newcomers, slots);
    totals = done.emptied ? std::array<Index, 2>{}
                          : std::array{totals[0] + done.inserted, totals[1] + done.evicted};
    const auto row = static_cast<Index>(n);
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
      const AgedEntry& entry = state.entries[i];
      const auto at = static_cast<Index>(i);
      CHECK(entry.position == integer("position"));
      CHECK(entry.age == integer("age"));
      CHECK(entry.forced == (integer("needle") != 0));
      CHECK(entry.surprisal == surprised(0, at));
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
  std::vector<AgedEntry> entries;
  for (const auto position : archive.integers(read + ".cache_position")) {
    entries.emplace_back();
    entries.back().position = position;
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
  CHECK(sr_ttt_disagreement(result.out.value(), archive.matrix<double>(read + ".out")) < bound);
  const Index kept = std::ssize(entries);
  for (Index h = 0; h < heads; ++h) {
    CHECK(sr_ttt_disagreement(M(result.weights.value().middleCols(h * kept, kept)),
                              view.slice(h).matrix<double>()) < bound);
  }
  tape.seed(result.out, archive.matrix<double>(read + ".cotangent"));
  tape.pull_back();
  CHECK(sr_ttt_disagreement(query_gradient, archive.matrix<double>(read + ".grad.query")) < bound);
  for_each_array(
      [&](const Leaf& leaf, const M& ours) {
        CAPTURE(leaf.name);
        const M theirs = archive.matrix<double>(read + ".grad." + leaf.name).transpose();
        CHECK(sr_ttt_disagreement(ours, theirs) < bound);
      },
      gradient);
}

}  // namespace golden
