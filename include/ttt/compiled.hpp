// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the target ttt::compiled has compiled once, for float and double on the CPU. Whoever links
// it compiles with TTT_COMPILED defined as `extern`; its own source defines it as nothing.

#include <ttt/algebra/operations.hpp>
#include <ttt/algebra/operations/attend_received.hpp>
#include <ttt/cpu/matrix.hpp>

#ifndef TTT_COMPILED
#define TTT_COMPILED extern
#endif

// NOLINTBEGIN(bugprone-macro-parentheses): types have none
#define TTT_OPERATION(Op, N, S)                                                      \
  TTT_COMPILED template class ttt::detail::OperationOnArrays<Op, ttt::Matrix<S>, N>; \
  TTT_COMPILED template class ttt::detail::OperationOnArrays<Op, ttt::Dual<ttt::Matrix<S>>, N>;
#define TTT_SCALAR(S)                                                                     \
  TTT_COMPILED template void ttt::cpu::gemm_part<S>(ttt::View<S>, ttt::View<const S>,     \
                                                    ttt::View<const S>, ttt::Flip, bool); \
  TTT_OPERATION(ttt::Add, 2, S)                                                           \
  TTT_OPERATION(ttt::AppendRows, 2, S)                                                    \
  TTT_OPERATION(ttt::Attention, 4, S)                                                     \
  TTT_OPERATION(ttt::ChooseRows, 1, S)                                                    \
  TTT_OPERATION(ttt::Convolve, 2, S)                                                      \
  TTT_OPERATION(ttt::CrossEntropy, 1, S)                                                  \
  TTT_OPERATION(ttt::LayerNorm, 3, S)                                                     \
  TTT_OPERATION(ttt::LogSumExp, 1, S)                                                     \
  TTT_OPERATION(ttt::Logistic, 1, S)                                                      \
  TTT_OPERATION(ttt::MatMul, 2, S)                                                        \
  TTT_OPERATION(ttt::ReceivedAttention<1>, 4, S)                                          \
  TTT_OPERATION(ttt::ReceivedAttention<2>, 8, S)                                          \
  TTT_OPERATION(ttt::RmsNorm, 2, S)                                                       \
  TTT_OPERATION(ttt::Rotate<ttt::Matrix<S>>, 1, S)                                        \
  TTT_OPERATION(ttt::ScaleHeads, 2, S)                                                    \
  TTT_OPERATION(ttt::SiluGate, 2, S)                                                      \
  TTT_OPERATION(ttt::Softplus, 1, S)                                                      \
  TTT_OPERATION(ttt::TakeRows, 1, S)

// NOLINTEND(bugprone-macro-parentheses)

TTT_SCALAR(float)
TTT_SCALAR(double)

#undef TTT_OPERATION
#undef TTT_SCALAR
