// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the target ttt::compiled has compiled once, for float and double on the CPU. Whoever links
// it compiles with TTT_COMPILED; a source of its own defines TTT_COMPILED_FLOAT or
// TTT_COMPILED_DOUBLE as nothing.

#include <ttt/algebra/cotangent.hpp>
#include <ttt/algebra/operations.hpp>
#include <ttt/algebra/operations/attend_received.hpp>
#include <ttt/cpu/matrix.hpp>

#ifndef TTT_COMPILED_FLOAT
#define TTT_COMPILED_FLOAT extern
#endif
#ifndef TTT_COMPILED_DOUBLE
#define TTT_COMPILED_DOUBLE extern
#endif

// NOLINTBEGIN(bugprone-macro-parentheses): types have none
#define TTT_OPERATION(Extern, Op, N, S)                                        \
  Extern template class ttt::detail::OperationOnArrays<Op, ttt::Matrix<S>, N>; \
  Extern template class ttt::detail::OperationOnArrays<Op, ttt::Dual<ttt::Matrix<S>>, N>;
#define TTT_SCALAR(Extern, S)                                                       \
  Extern template void ttt::cpu::gemm_part<S>(ttt::View<S>, ttt::View<const S>,     \
                                              ttt::View<const S>, ttt::Flip, bool); \
  TTT_OPERATION(Extern, ttt::Add, 2, S)                                             \
  TTT_OPERATION(Extern, ttt::AddRow, 2, S)                                          \
  TTT_OPERATION(Extern, ttt::AppendRows, 2, S)                                      \
  TTT_OPERATION(Extern, ttt::Attention, 4, S)                                       \
  TTT_OPERATION(Extern, ttt::ChooseRows, 1, S)                                      \
  TTT_OPERATION(Extern, ttt::ChunkDecays, 1, S)                                     \
  TTT_OPERATION(Extern, ttt::Clamp, 1, S)                                           \
  TTT_OPERATION(Extern, ttt::Convolve, 2, S)                                        \
  TTT_OPERATION(Extern, ttt::CrossEntropy, 1, S)                                    \
  TTT_OPERATION(Extern, ttt::ExcessRetention, 1, S)                                 \
  TTT_OPERATION(Extern, ttt::Exponential, 1, S)                                     \
  TTT_OPERATION(Extern, ttt::Gelu, 1, S)                                            \
  TTT_OPERATION(Extern, ttt::GeluCotangent, 2, S)                                   \
  TTT_OPERATION(Extern, ttt::HeadProduct, 2, S)                                     \
  TTT_OPERATION(Extern, ttt::LayerNorm, 3, S)                                       \
  TTT_OPERATION(Extern, ttt::LogSumExp, 1, S)                                       \
  TTT_OPERATION(Extern, ttt::LogLogistic, 1, S)                                     \
  TTT_OPERATION(Extern, ttt::Logistic, 1, S)                                        \
  TTT_OPERATION(Extern, ttt::LowerTriangle, 1, S)                                   \
  TTT_OPERATION(Extern, ttt::Magnitude, 1, S)                                       \
  TTT_OPERATION(Extern, ttt::MatMul, 2, S)                                          \
  TTT_OPERATION(Extern, ttt::Multiply, 2, S)                                        \
  TTT_OPERATION(Extern, ttt::MultiplyGroups, 2, S)                                  \
  TTT_OPERATION(Extern, ttt::ReceivedAttention<1>, 4, S)                            \
  TTT_OPERATION(Extern, ttt::ReceivedAttention<2>, 8, S)                            \
  TTT_OPERATION(Extern, ttt::ReconstructionGradient, 5, S)                          \
  TTT_OPERATION(Extern, ttt::RmsNorm, 2, S)                                         \
  TTT_OPERATION(Extern, ttt::Rotate<ttt::Matrix<S>>, 1, S)                          \
  TTT_OPERATION(Extern, ttt::ScaleHeads, 2, S)                                      \
  TTT_OPERATION(Extern, ttt::Silu, 1, S)                                            \
  TTT_OPERATION(Extern, ttt::SiluGate, 2, S)                                        \
  TTT_OPERATION(Extern, ttt::SiluGateCotangent, 3, S)                               \
  TTT_OPERATION(Extern, ttt::Softplus, 1, S)                                        \
  TTT_OPERATION(Extern, ttt::SolveLower, 2, S)                                      \
  TTT_OPERATION(Extern, ttt::StepShares, 1, S)                                      \
  TTT_OPERATION(Extern, ttt::SumRows, 1, S)                                         \
  TTT_OPERATION(Extern, ttt::TakeCols, 1, S)                                        \
  TTT_OPERATION(Extern, ttt::TakeRows, 1, S)                                        \
  TTT_OPERATION(Extern, ttt::TimesConstant, 1, S)                                   \
  TTT_OPERATION(Extern, ttt::UnitNorm, 1, S)

// NOLINTEND(bugprone-macro-parentheses)

TTT_SCALAR(TTT_COMPILED_FLOAT, float)
TTT_SCALAR(TTT_COMPILED_DOUBLE, double)

#undef TTT_OPERATION
#undef TTT_SCALAR
