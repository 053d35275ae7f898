# ttt::cuda: gpu::Matrix on NVIDIA devices, for sources in CUDA. CMake 3.25 does not know C++20 in
# CUDA, so the flag is ours. Eigen is for the host; without EIGEN_NO_CUDA it would leave out its
# vector instructions there. What is suppressed: that a View of const needs no conversion to itself,
# and that functors also run on the host's lanes.
find_package(CUDAToolkit 12.8 REQUIRED) # which knows architecture 120
if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 120)
endif()
enable_language(CUDA)
add_library(ttt_cuda INTERFACE)
add_library(ttt::cuda ALIAS ttt_cuda)
target_link_libraries(ttt_cuda INTERFACE ttt CUDA::cudart CUDA::cublas)
target_compile_definitions(ttt_cuda INTERFACE EIGEN_NO_CUDA)
target_compile_options(ttt_cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20
  --expt-relaxed-constexpr -diag-suppress=554,20011,20014>)

# ttt::nccl: ranks with a device each (ttt/gpu/nccl.cuh), where NCCL is found.
find_path(TTT_NCCL_INCLUDE nccl.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
find_library(TTT_NCCL_LIBRARY nccl HINTS ${CUDAToolkit_LIBRARY_DIR})
if(TTT_NCCL_INCLUDE AND TTT_NCCL_LIBRARY)
  add_library(ttt_nccl INTERFACE)
  add_library(ttt::nccl ALIAS ttt_nccl)
  target_include_directories(ttt_nccl SYSTEM INTERFACE ${TTT_NCCL_INCLUDE})
  target_link_libraries(ttt_nccl INTERFACE ttt::cuda ${TTT_NCCL_LIBRARY})
else()
  message(STATUS "ttt: no NCCL, whose ranks are not tested")
endif()
