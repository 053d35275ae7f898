// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/foreign_names.hpp>
#include <ttt/model/systems.hpp>

#include <array>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "golden/language_models.hpp"

namespace {

using namespace ttt;
using laws::disagreement;

/// Agreement with arrays that ttt-lm-pytorch made in double precision, relative to the largest
/// entry of each. Its derivative of the GELU has constants of nine digits.
template <class S, class Learner>
constexpr double tolerance = 1e-11;
template <class Loss, class Rule>
constexpr double tolerance<double, InnerLearner<inner_model::Mlp, Loss, Rule>> = 1e-9;
template <class Learner>
constexpr double tolerance<float, Learner> = 1e-4;

/// A file: the layer's settings as a value, in float or double.
template <class S, auto Mixer>
struct File {
  static constexpr ModelSpec spec = checked({.vocab = 61,
                                             .width = 24,
                                             .heads = 3,
                                             .hidden = 40,
                                             .window = 4,
                                             .chunk = 4,
                                             .norms = Norms::before});
  using Model = TttModel<spec, 2, Mixer>;
  using Learner = decltype(Mixer.learner);
  static constexpr golden::Names names = foreign::ttt_lm_pytorch;
  static constexpr double most = tolerance<S, Learner>;

  file::Archive archive;
  typename Model::template Params<Matrix<S>> params;

  explicit File(const std::string& name)
      : archive(golden::read("ttt_layers", name)),
        params(golden::tree_of<Model, S>(archive, names)) {}

  [[nodiscard]] std::vector<Token> tokens(const std::string& text) const {
    return golden::tokens_of(archive, (text + "tokens").c_str());
  }
  [[nodiscard]] Matrix<double> array(const std::string& name) const {
    return archive.matrix<double>(name);
  }

  void check_gradient(const std::string& text) const {
    CAPTURE(text);
    const auto all = tokens(text);
    const auto gradient = plain_gradient<Model, Matrix<S>>(params, {.tokens = all});
    CHECK(gradient.loss == doctest::Approx(array(text + "loss")(0, 0)).epsilon(most));
    const Matrix<double> nll = array(text + "nll");
    for (Index t = 0; t < nll.size(); ++t) {
      CHECK(at(gradient.surprisal, t) == doctest::Approx(nll(0, t)).epsilon(most));
    }
    golden::check_trees(gradient.params,
                        golden::tree_of<Model, double>(archive, names, text + "grad."), most);
  }

  /// Logits behind every token, read whole, one at a time, and with a cut at every place.
  void check_reading(const std::string& text) const {
    CAPTURE(text);
    const auto all = tokens(text);
    const auto logits = array(text + "logits");
    for (std::size_t cut = 0; cut < all.size(); ++cut) {
      CAPTURE(cut);
      Session<Model, Matrix<S>> session(params);
      session.read(std::span(all).first(cut));
      session.read(std::span(all).subspan(cut, 1));
      CHECK(disagreement(session.logits(), Matrix<double>(logits.row(static_cast<Index>(cut)))) <
            most);
      session.read(std::span(all).subspan(cut + 1));
      CHECK(disagreement(session.logits(), Matrix<double>(logits.bottomRows(1))) < most);
    }
  }

  /// Calls visit(number, parameters, state, state of the convolution before it or null) for the
  /// layers behind a whole text.
  template <class Visit>
  void for_each_layer(const std::string& text, Visit&& visit) const {
    Session<Model, Matrix<S>> session(params);
    session.read(tokens(text));
    const auto& states = std::get<0>(session.state().memory.stages);
    const auto& blocks = std::get<0>(params.stages);
    for (std::size_t n = 0; n < states.size(); ++n) {
      constexpr std::size_t part = Mixer.backbone == Backbone::mamba ? 1 : 0;
      CAPTURE(n);
      visit(std::to_string(n), std::get<part>(blocks[n].parts).part,
            std::get<part>(states[n].parts), std::get<0>(states[n].parts));
    }
  }

  /// Agreement of weights of a layer with what the file has of them.
  void check_map(const Matrix<S>& ours, const std::string& name) const {
    CAPTURE(name);
    const auto theirs = file::foreign_array<Matrix<double>>(
        archive,
        {.theirs = name, .layout = file::Layout::stack, .rows = ours.rows(), .cols = ours.cols()});
    CHECK(disagreement(ours, theirs) < most);
  }

  /// The weights that the last token was read with.
  void check_final(const std::string& text) const {
    for_each_layer(text, [&](const std::string& layer, const auto& own, const auto& state,
                             const auto& /*before*/) {
      const Index read = std::ssize(tokens(text)) % spec.chunk;
      const S share =
          read == 0 ? S(0)
                    : std::max<S>(0, S(1) / static_cast<S>(read) + own.learner.shares(read - 1, 0));
      for (std::size_t m = 0; m < state.model.maps.size(); ++m) {
        const auto& map = state.model.maps[m];
        const auto with_steps = [&](const Matrix<S>& weight, const Matrix<S>& sum) {
          return read == 0 ? weight : Matrix<S>(weight - share * sum);
        };
        const std::string number = std::to_string(m + 1) + "_final";
        check_map(with_steps(map.weight, map.sum), text + "layer" + layer + ".W" + number);
        check_map(with_steps(map.bias, map.bias_sum), text + "layer" + layer + ".b" + number);
      }
    });
  }

  /// What the original's cache stores behind the first text, which ends in mid-chunk.
  void check_cache() const {
    for_each_layer("", [&](const std::string& layer, const auto& /*own*/, const auto& state,
                           const auto& before) {
      const std::string cache = "cache.layer" + layer + '.';
      for (std::size_t m = 0; m < state.model.maps.size(); ++m) {
        const std::string number = std::to_string(m + 1);
        check_map(state.model.maps[m].weight, cache + 'W' + number + "_states");
        check_map(state.model.maps[m].bias, cache + 'b' + number + "_states");
        check_map(state.model.maps[m].sum, cache + 'W' + number + "_grad");
        check_map(state.model.maps[m].bias_sum, cache + 'b' + number + "_grad");
      }
      if constexpr (Mixer.backbone == Backbone::mamba) {
        const auto past = [&](const char* name) {
          return Matrix<double>(array(cache + name).rightCols(3).transpose());
        };
        CHECK(disagreement(state.past, past("ttt_conv_q")) < most);
        CHECK(disagreement(before.past, past("pre_conv")) < most);
      }
    });
  }

  void check() const {
    for (const char* text : {"", "exact."}) {
      check_gradient(text);
      check_reading(text);
      check_final(text);
    }
    check_cache();
  }
};

using Linear = TttLayer<>;
using Mlp = TttLayer<InnerLearner<inner_model::Mlp>>;
constexpr Linear linear{.chunk = 4};
constexpr Linear linear_mamba{.backbone = Backbone::mamba, .chunk = 4};
constexpr Mlp mlp{.rate = 0.4, .chunk = 4};
constexpr Mlp mlp_mamba{.rate = 0.4, .backbone = Backbone::mamba, .chunk = 4};

TEST_SUITE("golden") {
  TEST_CASE("TTT-Linear and TTT-MLP agree with the original in double precision") {
    File<double, linear>("linear_transformer").check();
    File<double, linear_mamba>("linear_mamba").check();
    File<double, mlp>("mlp_transformer").check();
    File<double, mlp_mamba>("mlp_mamba").check();
  }

  TEST_CASE("TTT-Linear and TTT-MLP agree with the original in single precision") {
    File<float, linear_mamba>("linear_mamba").check();
    File<float, mlp>("mlp_transformer").check();
  }
}

}  // namespace
