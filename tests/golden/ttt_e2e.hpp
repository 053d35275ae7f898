// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/ttt.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace golden {

using namespace ttt;

/// Agreement with arrays that the original implementation of TTT-E2E made in double precision,
/// relative to the largest entry of each.
template <class S>
struct Tolerance {
  double values;     ///< of logits, losses, norms, fast weights and rings
  double gradients;  ///< of the meta-gradient
};
template <class S>
inline constexpr Tolerance<S> tolerance{1e-10, 1e-9};
/// Single precision keeps seven digits; a text of many chunks loses some of them.
template <>
inline constexpr Tolerance<float> tolerance<float>{1e-4, 1e-4};

/// Largest difference of two arrays over the largest entry of the expected one.
template <class Ours, class Theirs>
double disagreement(const Ours& ours, const Theirs& theirs) {
  REQUIRE(ours.size() == theirs.size());
  const double scale = std::max(theirs.template cast<double>().cwiseAbs().maxCoeff(), 1e-300);
  return (ours.template cast<double>() - theirs.template cast<double>()).cwiseAbs().maxCoeff() /
         scale;
}

/// A name of ours in the file's terms: its stack of blocks, and the place in the stack.
struct Stacked {
  std::string name;
  Index slice = any_extent;
};

/// model.h.blocks.3.feed_forward_prime.w1.weight, with the first learning block number 2, is slice
/// 1 of model.h.prime_storage.feed_forward_prime.w1.weight.
inline Stacked stacked(const std::string& name, Index first_learning) {
  const std::string blocks = "model.h.blocks.";
  if (!name.starts_with(blocks)) return {name};
  const std::size_t end = name.find('.', blocks.size());
  const Index block = std::stol(name.substr(blocks.size(), end - blocks.size()));
  const std::string rest = name.substr(end);
  if (rest.find("prime") == std::string::npos) return {"model.h.blocks" + rest, block};
  return {"model.h.prime_storage" + rest, block - first_learning};
}

/// The array of a file under a name of ours. \shape a vector of the file is one row
template <class S>
Matrix<S> array(const file::Archive& archive, const std::string& kind, const std::string& name,
                Index first_learning) {
  const Stacked at = stacked(name, first_learning);
  const auto view = archive.view(kind + at.name);
  return at.slice == any_extent ? view.template matrix<S>()
                                : view.slice(at.slice).template matrix<S>();
}

inline std::vector<Token> tokens(const file::Archive& archive) {
  const auto wide = archive.integers("tokens");
  return {wide.begin(), wide.end()};
}

inline std::vector<std::uint8_t> loss_mask(const file::Archive& archive) {
  const auto wide = archive.integers("loss_mask");
  return {wide.begin(), wide.end()};
}

template <class Model, class S>
typename Model::template Params<Matrix<S>> params(const file::Archive& archive,
                                                  Index first_learning) {
  return map_tree<Matrix<S>>(
      [&](const Leaf& leaf, const TensorSpec& tensor) -> Matrix<S> {
        if (tensor.rows == 0) return {};
        return array<S>(archive, "param.", leaf.name, first_learning);
      },
      Model::tensors());
}

/// Every gradient agrees.
template <class Model, class S, class Params>
void check_gradient(const file::Archive& archive, const Params& gradient, Index first_learning,
                    double bound = tolerance<S>.gradients) {
  for_each_array(
      [&](const Leaf& leaf, const Matrix<S>& ours) {
        if (ours.size() == 0) return;
        CAPTURE(leaf.name);
        CHECK(disagreement(ours, array<double>(archive, "grad.", leaf.name, first_learning)) <
              bound);
      },
      gradient);
}

template <class S, class G>
void check_losses(const file::Archive& archive, const G& gradient) {
  const auto row = [](const std::vector<double>& numbers) {
    return Matrix<double>(Eigen::Map<const Matrix<double>>(numbers.data(), 1, std::ssize(numbers)));
  };
  CHECK(disagreement(row({gradient.loss}), archive.matrix<double>("loss")) < tolerance<S>.values);
  CHECK(disagreement(row(gradient.chunk_loss), archive.matrix<double>("chunk_loss")) <
        tolerance<S>.values);
  CHECK(disagreement(row(gradient.surprisal), archive.matrix<double>("token_nll")) <
        tolerance<S>.values);
}

/// Meta-learning agrees with the file: losses, logits, inner norms, fast weights, rings and the
/// gradient of every parameter.
template <class S, ModelSpec Spec, std::size_t Prefix = 2, std::size_t Suffix = 2>
void check_meta(const std::string& file, InnerSgd optimiser,
                double gradients = tolerance<S>.gradients) {
  using Model = LanguageModel<Spec, Repeat<Prefix, Block<Attend<Window>, SwiGlu>>,
                              Repeat<Suffix, Block<Attend<Window>, Fast<SwiGlu>, SwiGlu>>>;
  CAPTURE(file);
  const auto archive = file::read(TTT_TEST_DATA "/ttt_e2e/" + file + ".safetensors");
  const auto ids = tokens(archive);
  const auto marks = loss_mask(archive);
  const MetaLearner<Model, Matrix<S>> learner({.inner = {.optimiser = optimiser}});

  const auto gradient = learner.gradient(
      params<Model, S>(archive, Prefix), {.tokens = ids, .loss_mask = marks},
      [&](const ChunkView<Model, Matrix<S>>& seen) {
        const Index first = seen.number * Spec.chunk;
        const auto rows = [&](const char* name) {
          return Matrix<double>(archive.matrix<double>(name).middleRows(first, Spec.chunk));
        };
        CAPTURE(seen.number);
        CHECK(disagreement(seen.prefix, rows("prefix_out")) < tolerance<S>.values);
        CHECK(disagreement(seen.logits, rows("logits")) < tolerance<S>.values);
        for (std::size_t n = 0; n < seen.fast.size(); ++n) {
          const std::string name = "fast_after." + std::to_string(seen.number) +
                                   ".feed_forward_prime.w" + std::to_string(n % 3 + 1) + ".weight";
          CHECK(disagreement(
                    seen.fast[n],
                    archive.view(name).slice(static_cast<Index>(n / 3)).template matrix<double>()) <
                tolerance<S>.values);
        }
        if (seen.number + 1 < std::ssize(ids) / Spec.chunk) return;
        for_each_array(
            [&](const Leaf& leaf, const Matrix<S>& ours) {
              if (ours.size() == 0) return;
              const Index block = std::stol(leaf.name.substr(15));
              const bool keys = leaf.name.ends_with("keys");
              const Matrix<double> ring = archive.view(keys ? "ring_k" : "ring_v")
                                              .slice(block - static_cast<Index>(Prefix))
                                              .template matrix<double>();
              CHECK(disagreement(ours, ring) < tolerance<S>.values);
            },
            seen.memory);
      });
  check_losses<S>(archive, gradient);
  const Matrix<double> norms = archive.matrix<double>("inner_grad_norm");
  for (Index i = 0; i < norms.size(); ++i) {
    CHECK(gradient.inner_norm[static_cast<std::size_t>(i)] ==
          doctest::Approx(norms(0, i)).epsilon(tolerance<S>.values));
  }
  check_gradient<Model, S>(archive, gradient.params, Prefix, gradients);
}

/// Ordinary training agrees with the file.
template <class S, ModelSpec Spec, class... Stages>
void check_plain(const std::string& file, Index first_learning) {
  using Model = LanguageModel<Spec, Stages...>;
  CAPTURE(file);
  const auto archive = file::read(TTT_TEST_DATA "/ttt_e2e/" + file + ".safetensors");
  const auto ids = tokens(archive);
  const auto marks = loss_mask(archive);
  const auto gradient = plain_gradient<Model, Matrix<S>>(params<Model, S>(archive, first_learning),
                                                         {.tokens = ids, .loss_mask = marks});
  check_losses<S>(archive, gradient);
  check_gradient<Model, S>(archive, gradient.params, first_learning);
}

}  // namespace golden
