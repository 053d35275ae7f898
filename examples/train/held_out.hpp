// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/learn/objective.hpp>
#include <ttt/memory/sr_ttt.hpp>
#include <ttt/model/session.hpp>
#include <ttt/parallel/threads.hpp>

#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace training {

using namespace ttt;

///@{
/// Options of the layers while held-out texts are read: those of a session, and of SR-TTT those of
/// its stage.
template <class Model, class Layers>
typename Model::Options held_out_layers(const Layers& /*layers*/) {
  return {};
}
template <class Model>
SrTttOptions held_out_layers(const SrTttSchedule& layers) {
  return {.caching = layers.stage == SrTttStage::recall ? Caching::on : Caching::off};
}
///@}

///@{
/// How a model reads held-out texts: as its objective trains it to, at the full inner rate.
template <class Model, Storage M, class Layers>
typename Session<Model, M>::Options held_out_options(const PlainLoss<Layers>& objective) {
  return {.learning = Learning::off, .layers = held_out_layers<Model>(objective.layers)};
}
template <class Model, Storage M, class Layers>
typename Session<Model, M>::Options held_out_options(
    const MetaLoss<InnerLoop<>, Layers>& objective) {
  return {.inner = objective.inner, .layers = held_out_layers<Model>(objective.layers)};
}
///@}

/// Texts that a run is measured on and not trained on.
template <class Model, Storage M>
class HeldOut {
 public:
  using Params = typename Model::template Params<M>;
  using Options = typename Session<Model, M>::Options;

  HeldOut(std::vector<std::vector<Token>> texts, Options options, Index threads)
      : texts_(std::move(texts)), options_(std::move(options)), threads_(threads) {}

  /// Nats per token over all texts, each read from its beginning; NaN if there is none, or if one
  /// has a surprisal that is not finite.
  [[nodiscard]] double loss(const Params& params) const {
    std::vector<double> sums(texts_.size());
    double nats = 0;
    double tokens = 0;
    try {
      for_each_index(threads_, std::ssize(texts_), [&](Index n) {
        Session<Model, M> session(params, options_);
        for (const auto surprisal : session.read(at(texts_, n))) {
          at(sums, n) += static_cast<double>(surprisal);
        }
      });
    } catch (const NumberError&) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    for (std::size_t n = 0; n < sums.size(); ++n) {
      nats += sums[n];
      tokens += static_cast<double>(texts_[n].size());
    }
    return nats / tokens;
  }

 private:
  std::vector<std::vector<Token>> texts_;
  Options options_;
  Index threads_;
};

}  // namespace training
