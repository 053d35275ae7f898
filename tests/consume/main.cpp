// SPDX-License-Identifier: Apache-2.0
#include <ttt/shape.hpp>
#include <ttt/version.hpp>

#include <Eigen/Core>

#include <iostream>

int main() {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(2, 3);
  ttt::expect_shape("consumer", "x", x, {2, ttt::any_extent});
  std::cout << "ttt " << ttt::version << '\n';
}
