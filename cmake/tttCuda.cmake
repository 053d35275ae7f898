# ttt::cuda: gpu::Matrix on NVIDIA devices, for sources in CUDA, of the source tree and of an
# installation alike. CMake 3.25 does not know C++20 in CUDA, so the flag is ours. Eigen is for the
# host; without EIGEN_NO_CUDA it would leave out its vector instructions there. What is suppressed:
# that a View of const needs no conversion to itself, and that functors also run on the host's lanes.
add_library(ttt::cuda INTERFACE IMPORTED GLOBAL)
target_link_libraries(ttt::cuda INTERFACE ttt::ttt CUDA::cudart CUDA::cublasLt)
target_compile_definitions(ttt::cuda INTERFACE EIGEN_NO_CUDA)
target_compile_options(ttt::cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20
  --expt-relaxed-constexpr -diag-suppress=554,20011,20014>)
