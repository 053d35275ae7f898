// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/adjoint.hpp>

#include "../presets.cuh"
#include "../product.cuh"

namespace device {

/// Where both begin, which takes longer to draw than to train a step.
struct Networks {
  Learner::Params<Matrix<float>> learner = Learner::initial(1);
  Plain::Params<Matrix<float>> plain = Plain::initial(1);
};

/// What a step should take, in milliseconds.
struct StepGoals {
  Wanted meta{}, plain{};
};

inline std::vector<Token> drawn_text(Index count) {
  Random random(2);
  std::vector<Token> text;
  for (Index t = 0; t < count; ++t) text.push_back(static_cast<Token>(random.below(256)));
  return text;
}

/// Operations of an ordinary gradient of one text: in each product one forward and two back, in
/// attention the two of the window's visible pairs and four back.
template <class Model>
double operations(Index time) {
  constexpr ModelSpec spec = Model::spec;
  double weights = 0;
  const auto tensors = Model::tensors();
  for_each_array(
      [&](const Leaf&, const TensorSpec& tensor) {
        if (tensor.rows > 1) weights += static_cast<double>(tensor.rows * tensor.cols);
      },
      tensors);
  double pairs = 0;
  for (Index t = 0; t < time; ++t) pairs += static_cast<double>(std::min(t + 1, spec.window));
  return 6 * weights * static_cast<double>(time) +
         12 * pairs * static_cast<double>(spec.width) * static_cast<double>(Model::depth);
}

/// Prints the time of the gradient of one text, and how much of cuBLAS's rate its operations have;
/// what does not succeed, such as for want of memory, is said.
template <class Model, class F>
void measure_gradient(const std::string& of, Index time, double limit, Wanted wanted, F&& f) {
  try {
    const Time step = time_of(f);
    const double rate = operations<Model>(time) / step.seconds;
    Row{of, 1e3 * step.seconds, "ms", step.runs, wanted}.print();
    Row{of + ", operations over cuBLAS", rate / limit, "times", step.runs}.print();
  } catch (const gpu::DeviceError& error) {
    cudaGetLastError();  // forgets it
    std::cout << of << ": " << error.what() << std::endl;
  }
}

/// Times a meta-gradient and the gradient of the plain network.
template <Precision P>
void measure_steps(const Networks& networks, Index time, StepGoals goals) {
  using M = gpu::Matrix<float, P>;
  const std::vector<Token> tokens = drawn_text(time + 1);
  const std::string of = std::string(name(P)) + " step, " + std::to_string(time) + " tokens";
  const double limit = product_rate<P>();
  const auto learned = moved<M>(networks.learner);
  const MetaLearner<Learner, M> learner({});
  measure_gradient<Learner>("meta " + of, time, limit, goals.meta,
                            [&] { const auto g = learner.gradient(learned, {.tokens = tokens}); });
  const auto plain = moved<M>(networks.plain);
  measure_gradient<Plain>("plain " + of, time, limit, goals.plain, [&] {
    const auto g = plain_gradient<Plain, M>(plain, {.tokens = tokens});
  });
}

}  // namespace device
