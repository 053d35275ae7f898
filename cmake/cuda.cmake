# ttt::cuda in the source tree, for devices of several architectures unless others are named.
find_package(CUDAToolkit 12.8 REQUIRED) # which knows architecture 120
if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 120)
endif()
enable_language(CUDA)
include(cmake/tttCuda.cmake)
