# gpu::Matrix on Thrust. Thrust runs on the host too, where the storage of a device is tested
# without one: ttt_thrust_CPP and ttt_thrust_OMP. Both the Thrust of Debian (libthrust-dev) and that
# of CUDA are tried, where they are there.
find_package(CUDAToolkit QUIET)
find_path(TTT_THRUST_SYSTEM thrust/for_each.h PATHS /usr/include NO_DEFAULT_PATH)
find_path(TTT_THRUST_CUDA thrust/for_each.h NO_DEFAULT_PATH
  PATHS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES cccl)
find_package(OpenMP QUIET COMPONENTS CXX)
set(thrust_CPP ${TTT_THRUST_SYSTEM} ${TTT_THRUST_CUDA})
set(thrust_OMP ${TTT_THRUST_CUDA} ${TTT_THRUST_SYSTEM})
foreach(system IN ITEMS CPP OMP)
  list(FILTER thrust_${system} EXCLUDE REGEX "-NOTFOUND$")
  if(NOT thrust_${system} OR (system STREQUAL OMP AND NOT OpenMP_CXX_FOUND))
    message(STATUS "ttt: no Thrust on ${system}, where the storage of a device is not tested")
    continue()
  endif()
  list(GET thrust_${system} 0 folder)
  add_library(ttt_thrust_${system} INTERFACE)
  target_include_directories(ttt_thrust_${system} SYSTEM INTERFACE ${folder})
  target_compile_definitions(ttt_thrust_${system} INTERFACE
    THRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP
    THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_${system})
  # The headers of CUDA have a global type half, which names of ours would hide.
  target_compile_options(ttt_thrust_${system} INTERFACE -Wno-shadow)
endforeach()
if(TARGET ttt_thrust_OMP)
  target_link_libraries(ttt_thrust_OMP INTERFACE OpenMP::OpenMP_CXX)
  target_compile_definitions(ttt_thrust_OMP INTERFACE EIGEN_DONT_PARALLELIZE)
endif()
