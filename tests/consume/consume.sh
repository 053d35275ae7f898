#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: consume.sh WAY SCRATCH
# Builds and runs the consumer beside this script, which takes the library in by WAY.
# The way eigen5 compiles with the headers of Eigen 5 in the folder TTT_EIGEN5_SOURCE, or in a
# package of PyPI, and is skipped without either; eigen5_package calls the installed headers 5.
set -eu
way=$1
scratch=$2
consumer=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$consumer/../.." && pwd)
skip() {
  echo "skipped: $*"
  exit 77
}
tool=cmake
case $way in meson*) tool=meson ;; esac
command -v $tool >/dev/null || skip "$tool is not installed"
case $way in
  *cuda*)
    PATH=$PATH:/usr/local/cuda/bin
    command -v nvcc >/dev/null || skip "nvcc is not installed"
    ;;
esac
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
scratch=$PWD

# Installs the library in the folder $1; more arguments are for CMake.
install_to() {
  prefix=$1
  shift
  cmake -S "$source" -B ttt -G Ninja -DTTT_BUILD_TESTS=OFF -DTTT_BUILD_PROGRAMS=OFF "$@"
  cmake --install ttt --prefix "$prefix"
}

# Builds and installs the consumer; arguments are for CMake.
build_consumer() {
  cmake -S "$consumer" -B build -G Ninja -DWAY="$way" -DTTT_SOURCE="$source" \
    -DCMAKE_PREFIX_PATH="$scratch/prefix" "$@"
  cmake --build build
  cmake --install build --prefix out
}

# Prints the folder with the headers of Eigen 5, or fails.
eigen5_headers() {
  if [ -n "${TTT_EIGEN5_SOURCE-}" ]; then
    echo "$TTT_EIGEN5_SOURCE"
    return
  fi
  python3 -m pip download --quiet --retries 0 --timeout 10 --no-deps --only-binary :all: \
    --python-version 3.11 --platform manylinux_2_28_x86_64 --dest wheel --require-hashes \
    --requirement "$consumer/eigen/requirements.txt" >&2 || return 1
  (cd wheel && cmake -E tar xf eigency*.whl)
  echo "$scratch/wheel/eigency/eigen"
}

# Builds the program $2 with a package of Eigen 5 over the headers in the folder $1.
with_eigen5() {
  cmake -S "$consumer/eigen" -B eigen -G Ninja -DHEADERS="$1"
  cmake --install eigen --prefix prefix
  [ "$way" = eigen5 ] || install_to prefix -DCMAKE_PREFIX_PATH="$scratch/prefix"
  build_consumer -DFETCHCONTENT_FULLY_DISCONNECTED=ON -DMAIN="$2"
  grep -F "Eigen3_DIR:PATH=$scratch/prefix/share/eigen3/cmake" build/CMakeCache.txt
}

# A project of Meson with the consumer and, as a subproject, the library.
meson_project() {
  mkdir subprojects
  cp "$consumer/main.cpp" "$consumer/meson.build" .
  ln -s "$source" subprojects/ttt
}

run=build/consumer
case $way in
  find_package)
    install_to prefix
    build_consumer
    ;;
  laws)
    install_to prefix
    build_consumer -DMAIN="$source/docs/snippets/own_policy.cpp"
    ;;
  cuda)
    install_to prefix
    build_consumer -DMAIN=cuda/main.cu -DCMAKE_CUDA_ARCHITECTURES=90
    ;;
  cuda_subdirectory) build_consumer -DMAIN=cuda/main.cu -DCMAKE_CUDA_ARCHITECTURES=90 ;;
  laws_subdirectory) build_consumer -DMAIN="$source/docs/snippets/own_policy.cpp" ;;
  pkg_config)
    install_to "a prefix"
    export PKG_CONFIG_PATH="a prefix/share/pkgconfig"
    mkdir build
    eval "${CXX:-c++} -std=c++20 '$consumer/main.cpp' $(pkg-config --cflags ttt) -o $run"
    ;;
  eigen5)
    headers=$(eigen5_headers) ||
      skip "no headers of Eigen 5: TTT_EIGEN5_SOURCE is not set, and pip cannot download them"
    grep -qE 'define EIGEN_MAJOR_VERSION +[5-9]' -r "$headers/Eigen" ||
      skip "$headers has no headers of Eigen 5"
    with_eigen5 "$headers" "$source/docs/snippets/first_program.cpp"
    ;;
  eigen5_package)
    with_eigen5 "" main.cpp
    ;;
  meson)
    meson_project
    meson setup build --force-fallback-for=ttt
    meson compile -C build
    meson install -C build --destdir "$scratch/out"
    ;;
  meson_cuda)
    meson_project
    cp "$consumer/cuda/meson.build" .
    cp "$source/docs/snippets/device.cpp" main.cu
    meson setup build --force-fallback-for=ttt_cuda
    meson compile -C build
    ;;
  meson_cpp17)
    meson_project
    meson setup build --force-fallback-for=ttt -Dcpp_std=c++17
    ! meson compile -C build >log
    grep -F 'ttt needs C++20' log
    exit
    ;;
  meson_install)
    meson setup ttt "$source" --prefix "$scratch/prefix" -Dprograms=disabled
    meson install -C ttt
    cp "$consumer/main.cpp" "$consumer/meson.build" .
    PKG_CONFIG_PATH=prefix/share/pkgconfig meson setup build
    meson compile -C build
    ;;
  *) build_consumer ;;
esac
$run

# A project that takes the library in by its sources does not install it, unless it says so.
installed=$(find out -name version.hpp 2>/dev/null || true)
if [ "$way" = eigen_target ]; then [ -n "$installed" ]; else [ -z "$installed" ]; fi
