# ttt::cuda in the source tree, for devices of several architectures unless others are named.
find_package(CUDAToolkit 12.8 REQUIRED) # which knows architecture 120
if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES) # nothing here depends on it, so one compilation is for all
  set(CMAKE_CUDA_ARCHITECTURES OFF)
  string(APPEND CMAKE_CUDA_FLAGS
    " --gpu-architecture=compute_80 --gpu-code=compute_80,sm_80,sm_90,sm_120")
endif()
enable_language(CUDA)
include(cmake/tttCuda.cmake)

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
