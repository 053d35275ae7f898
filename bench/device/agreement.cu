// SPDX-License-Identifier: Apache-2.0
//
// Does the device compute what the host does? The loss and the gradient of every parameter of a
// small network in float32, read while it learns and read as it is, beside those of the host.

#include <ttt/learn/adjoint.hpp>

#include <cmath>
#include <limits>

#include "measure.cuh"
#include "presets.cuh"

namespace {

using namespace device;
using Host = Matrix<float>;
using Device = gpu::Matrix<float>;
constexpr double agreed = 1e-4;

constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 64, .heads = 4, .hidden = 128, .window = 64, .chunk = 32});
using Model = TttE2e<spec, 4, 2>;

/// The largest difference over the largest number; infinite if a number of the device is not
/// finite.
double disagreement(const Device& ours, const Host& expected) {
  const std::vector<float> elements = Primitives<Device>::download(view(ours));
  double difference = 0;
  double scale = 0;
  for (Index n = 0; n < expected.size(); ++n) {
    const double number = elements[static_cast<std::size_t>(n)];
    const double wanted = expected.data()[n];
    if (!std::isfinite(number - wanted)) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(number - wanted));
    scale = std::max(scale, std::abs(wanted));
  }
  return difference == 0 ? 0 : difference / scale;
}

/// \throws Error if they do not agree.
template <class Ours, class Theirs>
void compare(const std::string& of, const Ours& ours, const Theirs& expected) {
  const double of_loss = std::abs(ours.loss / expected.loss - 1);
  Index count = 0;
  double most = 0;
  std::string furthest;
  for_each_array(
      [&](const Leaf& leaf, const Device& a, const Host& b) {
        ++count;
        const double own = disagreement(a, b);
        if (own <= most) return;
        most = own;
        furthest = leaf.name;
      },
      ours.params, expected.params);
  Row{of + " loss", of_loss, "of it", 1, at_most(agreed)}.print();
  Row{of + " gradient, the furthest of " + std::to_string(count) + ": " + furthest, most,
      "of its largest", 1, at_most(agreed)}
      .print();
  if (!(of_loss <= agreed && most <= agreed)) throw Error("device and host do not agree");
}

void compare_all() {
  const auto host = Model::initial<Host>(1);
  const auto params = moved<Device>(host);
  Random random(2);
  std::vector<Token> tokens(8 * spec.chunk + 1);
  for (Token& token : tokens) token = static_cast<Token>(random.below(spec.vocab));
  const Text text{.tokens = tokens};
  compare("plain", plain_gradient<Model, Device>(params, text),
          plain_gradient<Model, Host>(host, text));
  compare("meta", MetaLearner<Model, Device>({}).gradient(params, text),
          MetaLearner<Model, Host>({}).gradient(host, text));
}

}  // namespace

int main() { return run(compare_all); }
