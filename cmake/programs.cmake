# Every examples/*.cpp and bench/*.cpp is one program in bin/, linked with examples/support/ and with
# the parts that a folder of its name has. Those that include any_model/any_model.hpp are linked with
# every model that programs know, which examples/any_model/ compiles.
# Those that include support/device.hpp are CUDA where TTT_CUDA is on, and so is examples/any_model/.
# A line `// smoke: ARGUMENTS` in a program makes a test that runs it so, in the folder smoke/ of the
# build, where {source} stands for the source tree; lines run in their order. A program without one
# is asked for its --help.
find_package(CLI11 QUIET)
find_package(nlohmann_json QUIET)
file(GLOB support CONFIGURE_DEPENDS examples/support/*.cpp)
file(GLOB programs CONFIGURE_DEPENDS examples/*.cpp bench/*.cpp)
if(NOT CLI11_FOUND OR NOT nlohmann_json_FOUND OR NOT support)
  message(STATUS "ttt: programs left out, they need CLI11, nlohmann_json and examples/support")
  return()
endif()

add_library(ttt_support STATIC ${support})
target_include_directories(ttt_support PUBLIC examples)
target_link_libraries(ttt_support PUBLIC ttt_own CLI11::CLI11 nlohmann_json::nlohmann_json)
# Where a program that runs outside the source tree finds the models.
target_compile_definitions(ttt_support PRIVATE TTT_MODELS="${PROJECT_SOURCE_DIR}/examples/models")
if(TTT_SENTENCEPIECE)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)
  target_link_libraries(ttt_support PUBLIC PkgConfig::sentencepiece)
  target_compile_definitions(ttt_support PUBLIC TTT_SENTENCEPIECE)
endif()
if(TARGET ttt_mpi)
  target_link_libraries(ttt_support PUBLIC ttt::mpi)
  target_compile_definitions(ttt_support PUBLIC TTT_MPI)
endif()

file(GLOB models CONFIGURE_DEPENDS examples/any_model/*.cpp)
add_library(ttt_models STATIC EXCLUDE_FROM_ALL ${models})
target_link_libraries(ttt_models PUBLIC ttt_support)
if(TTT_CUDA)
  set_source_files_properties(${models} PROPERTIES LANGUAGE CUDA)
  target_link_libraries(ttt_models PRIVATE ttt::cuda)
endif()

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/smoke)
foreach(program IN LISTS programs)
  cmake_path(GET program STEM name)
  if(name MATCHES "^(compare|systems)$" AND NOT TTT_BUILD_SYSTEMS)
    continue()
  endif()
  cmake_path(REMOVE_EXTENSION program OUTPUT_VARIABLE folder)
  file(GLOB_RECURSE parts CONFIGURE_DEPENDS ${folder}/*.cpp)
  add_executable(${name} ${program} ${parts})
  target_link_libraries(${name} PRIVATE ttt_support)
  file(STRINGS ${program} any_model REGEX "any_model/any_model.hpp")
  if(any_model)
    target_link_libraries(${name} PRIVATE ttt_models)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  file(STRINGS ${program} device REGEX "support/device.hpp")
  if(TTT_CUDA AND device)
    set_source_files_properties(${program} ${parts} PROPERTIES LANGUAGE CUDA)
    target_link_libraries(${name} PRIVATE ttt::cuda)
  endif()

  file(STRINGS ${program} runs REGEX "^// smoke: ")
  if(NOT runs)
    set(runs "// smoke: --help")
  endif()
  set(count 0)
  unset(before)
  foreach(run IN LISTS runs)
    math(EXPR count "${count} + 1")
    string(REPLACE "// smoke: " "" run "${run}")
    string(REPLACE "{source}" "${PROJECT_SOURCE_DIR}" run "${run}")
    separate_arguments(arguments UNIX_COMMAND "${run}")
    add_test(NAME smoke.${name}.${count} COMMAND ${name} ${arguments}
      WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/smoke)
    set_tests_properties(smoke.${name}.${count} PROPERTIES LABELS smoke DEPENDS "${before}")
    set(before smoke.${name}.${count})
  endforeach()
endforeach()

# One run of the systems and, where the interpreter has torch, of their peers.
find_package(Python3 3.9 COMPONENTS Interpreter QUIET)
if(Python3_FOUND AND TARGET systems)
  add_test(NAME smoke.systems.compared COMMAND Python3::Interpreter
    ${PROJECT_SOURCE_DIR}/bench/systems.py --build ${PROJECT_BINARY_DIR} --out smoke/systems
    --systems sliding_window attention --lengths 128 256 --decode 2 --train 128 --rounds 1
    WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
  set_tests_properties(smoke.systems.compared PROPERTIES LABELS smoke)
endif()
