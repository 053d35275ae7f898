// SPDX-License-Identifier: Apache-2.0
#include <ttt/gpu/matrix.cuh>
#include <ttt/ttt.hpp>

#include <iostream>
#include <string>

using namespace ttt;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});
using Model = TttE2e<spec, 3, 1>;
using M = gpu::Matrix<float, gpu::Precision::tf32>;

int main() {
  if (const std::string why = gpu::unavailable(); !why.empty()) {
    std::cout << "no device, take Matrix<float>: " << why << '\n';
    return 0;
  }
  Session<Model, M> session(Model::initial<M>(1));
  const auto surprisal = session.read(data::bytes("In the beginning was the Word. "));
  std::cout << surprisal.back() << " nats\n";
  return 0;
}
