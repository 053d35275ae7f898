// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/gradient.hpp>
#include <ttt/model/lift.hpp>
#include <ttt/model/sr_ttt.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt {

/// What an SR-TTT model is trained for.
///
///   loss = mean -log p(target)  +  answer * mean over queries of -log p(target)
///        + oracle * mean of -log(attention to the token that answers + 1e-6)
///
/// The oracle's mean is over blocks, windows with a query whose token is kept, heads and queries; a
/// token that is not kept has attention 0 in such a window.
struct SrTttObjective {
  double answer = 0;             ///< 1 in the second stage
  double oracle = 0;             ///< 1 in the second stage, or 0 for the variant without
  std::vector<Index> queries{};  ///< positions whose targets are the answer
  std::vector<Index> needle{};   ///< [queries], where the text said each of those targets before
};

/// The loss of an SR-TTT model and its gradient for every parameter.
template <class Params>
struct SrTttGradient {
  Params params;                  ///< of `loss`
  double loss = 0;                ///< the sum of the next three, each times what it counts
  double language = 0;            ///< mean over all targets, in nats
  double answer = 0;              ///< mean over the targets of queries, in nats
  double oracle = 0;              ///< mean over what the oracle asks for, in nats
  std::vector<double> surprisal;  ///< of every target, in nats
};

namespace detail {

/// The terms of the oracle, gathered while a text is read.
template <class V>
class Oracle {
 public:
  explicit Oracle(const SrTttObjective& objective) : objective_(objective) {}

  /// Takes the attention of one block to its cache into account.
  void note(const SrTttRead<V>& seen) {
    if (objective_.oracle == 0 || seen.weights == nullptr) return;
    const Index kept = std::ssize(seen.entries);
    const Index heads = seen.weights->value().cols() / kept;
    std::vector<Index> rows;
    std::vector<Index> slots;
    for (std::size_t n = 0; n < objective_.queries.size(); ++n) {
      const Index row = objective_.queries[n] - seen.position;
      if (row < 0 || row >= seen.weights->value().rows()) continue;
      const auto slot = std::ranges::find(seen.entries, objective_.needle[n], &AgedEntry::position);
      rows.push_back(row);
      slots.push_back(slot == seen.entries.end() ? LogMass::nowhere : slot - seen.entries.begin());
    }
    if (std::ranges::all_of(slots, [](Index slot) { return slot == LogMass::nowhere; })) return;
    std::vector<Index> places;
    for (Index h = 0; h < heads; ++h) {
      for (std::size_t n = 0; n < rows.size(); ++n) {
        places.push_back(slots[n] == LogMass::nowhere ? LogMass::nowhere
                                                      : (rows[n] * heads + h) * kept + slots[n]);
      }
    }
    count_ += std::ssize(places);
    terms_.push_back(log_mass(*seen.weights, std::move(places)));
  }

  /// Seeds the tape; returns the mean.
  template <class T>
  double seed(T& tape) const {
    double sum = 0;
    for (const V& term : terms_) {
      const auto& column = term.value();
      using M = std::remove_cvref_t<decltype(column)>;
      const double share = objective_.oracle / static_cast<double>(count_);
      tape.seed(term, M(M::Constant(column.rows(), 1, static_cast<Scalar<M>>(share))));
      sum += column.template cast<double>().sum();
    }
    return count_ == 0 ? 0 : sum / static_cast<double>(count_);
  }

 private:
  const SrTttObjective& objective_;
  std::vector<V> terms_;
  Index count_ = 0;
};

}  // namespace detail

/// The loss of reading a text, and its gradient. The whole text is one tape.
///
/// \shape  tokens [time + 1]: each but the last is read, each but the first is a target
/// \throws RangeError if there are no targets, a token is outside the vocabulary, or a query is not
///         read; ShapeError if there is an oracle and needle and queries differ in length.
/// \cost   three times the multiplications of reading
template <class Model, class S = float>
[[nodiscard]] auto sr_ttt_gradient(const typename Model::template Params<Matrix<S>>& params,
                                   std::span<const Token> tokens, const SrTttOptions& options,
                                   const SrTttObjective& objective = {}) {
  using M = Matrix<S>;
  using V = Var<M>;
  const Index time = std::ssize(tokens) - 1;
  if (time < 1) throw RangeError("sr_ttt_gradient: text must have a target");
  if (objective.oracle != 0 && objective.needle.size() != objective.queries.size()) {
    throw ShapeError("sr_ttt_gradient: needle must be [" +
                     std::to_string(objective.queries.size()) + "], got [" +
                     std::to_string(objective.needle.size()) + ']');
  }
  M weights = M::Constant(time, 1, S(1) / static_cast<S>(time));
  for (const Index query : objective.queries) {
    if (query < 0 || query >= time) {
      throw RangeError("sr_ttt_gradient: query must be in 0.." + std::to_string(time - 1) +
                       ", got " + std::to_string(query));
    }
    weights(query, 0) +=
        static_cast<S>(objective.answer / static_cast<double>(objective.queries.size()));
  }

  SrTttGradient<typename Model::template Params<M>> result;
  Tape<M> tape;
  const auto lifted = leaves(tape, params, result.params);
  const typename Model::template State<M> empty;
  auto state = constants(tape, empty);
  detail::Oracle<V> oracle(objective);
  const auto watch = [&](const auto& event) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(event)>, SrTttRead<V>>) {
      oracle.note(event);
    }
  };
  for (Index at = 0; at < time;) {
    const auto first = static_cast<std::size_t>(at);
    const std::size_t count = Model::piece(at, static_cast<std::size_t>(time - at));
    const V surprisal =
        cross_entropy(Model::read(lifted, state, tokens.subspan(first, count), at, options, watch),
                      tokens.subspan(first + 1, count));
    for (Index t = 0; t < surprisal.value().rows(); ++t) {
      result.surprisal.push_back(static_cast<double>(surprisal.value()(t, 0)));
    }
    tape.seed(surprisal, M(weights.middleRows(at, std::ssize(tokens.subspan(first, count)))));
    at += static_cast<Index>(count);
  }
  for (const double nats : result.surprisal) result.language += nats / static_cast<double>(time);
  for (const Index query : objective.queries) {
    result.answer += result.surprisal[static_cast<std::size_t>(query)] /
                     static_cast<double>(objective.queries.size());
  }
  result.oracle = oracle.seed(tape);
  result.loss =
      result.language + objective.answer * result.answer + objective.oracle * result.oracle;
  tape.pull_back();
  detail::fill_zeros(result.params, params);
  return result;
}

/// Trains an SR-TTT model in one of its two stages, as Trainer's objective. In the second,
/// emphasised targets are the answers, all alike; the first place where the same tokens stood
/// before is the needle, which caches take in, flagged or not. Every target counts: `scored` is not
/// read. Of the Gradient, `chunk_loss` stays empty, `emphasised` is the answers' term, and the
/// oracle's term is in `loss` alone.
struct SrTttLoss {
  SrTttStage stage = SrTttStage::backbone;  ///< which tensors should move; see frozen_in
  double oracle = 1;                        ///< 0 trains the variant without the oracle's term

  /// As sr_ttt_gradient.
  ///
  /// \throws ShapeError, too, if there is emphasis, but not of every target.
  template <class Model, class S>
  [[nodiscard]] auto gradient(const typename Model::template Params<Matrix<S>>& params,
                              const Text& text, Index /*step*/) const {
    if (!text.emphasis.empty() && std::ssize(text.emphasis) != text.time()) {
      throw ShapeError("SrTttLoss: emphasis must be [" + std::to_string(text.time()) + "], got [" +
                       std::to_string(text.emphasis.size()) + ']');
    }
    SrTttOptions options{.caching = Caching::off};
    SrTttObjective objective;
    if (stage == SrTttStage::recall) {
      options.caching = Caching::on;
      objective.oracle = oracle;
      note_answers(text, objective);
      objective.answer = 1;
      options.forced = objective.needle;
    }
    auto full = sr_ttt_gradient<Model, S>(params, text.tokens, options, objective);
    Gradient<typename Model::template Params<Matrix<S>>> gradient;
    gradient.params = std::move(full.params);
    gradient.loss = full.loss;
    gradient.emphasised = objective.answer * full.answer;
    gradient.surprisal = std::move(full.surprisal);
    return gradient;
  }

 private:
  /// Queries, and where their targets stood before; those that stood nowhere are left out.
  static void note_answers(const Text& text, SrTttObjective& objective) {
    const auto emphasised = [&](std::size_t t) {
      return t < text.emphasis.size() && text.emphasis[t] > 0;
    };
    for (std::size_t first = 0; first < text.emphasis.size(); ++first) {
      if (!emphasised(first)) continue;
      std::size_t end = first;
      while (emphasised(end)) ++end;
      const auto answer = text.targets().subspan(first, end - first);
      const auto before = text.tokens.first(first + 1);
      const auto said = std::ranges::search(before, answer);
      if (!said.empty()) {
        for (std::size_t t = first; t < end; ++t) {
          objective.queries.push_back(static_cast<Index>(t));
          objective.needle.push_back(said.begin() - before.begin() + static_cast<Index>(t - first));
        }
      }
      first = end;
    }
  }
};

}  // namespace ttt
