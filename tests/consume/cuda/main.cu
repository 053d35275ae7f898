// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/array.hpp>
#include <ttt/gpu/matrix.cuh>

#include <iostream>
#include <string>

int main() {
  if (const std::string why = ttt::gpu::unavailable(); !why.empty()) {
    std::cout << "no device: " << why << '\n';
    return 0;
  }
  const auto x = ttt::zeros<ttt::gpu::Matrix<float>>(2, 3);
  return ttt::sum_of_squares(x) == 0 ? 0 : 1;
}
