#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: consume.sh WAY SCRATCH
# Builds and runs the consumer beside this script, taking the library in by WAY.
set -eu
way=$1
scratch=$2
consumer=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$consumer/../.." && pwd)
tool=cmake
[ "$way" = meson ] && tool=meson
command -v $tool >/dev/null || exit 77
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"

install_to_prefix() {
  cmake -S "$source" -B ttt -G Ninja -DTTT_BUILD_TESTS=OFF -DTTT_BUILD_PROGRAMS=OFF
  cmake --install ttt --prefix prefix
}

case $way in
  find_package) install_to_prefix ;;
  pkg_config)
    install_to_prefix
    mkdir build
    flags=$(PKG_CONFIG_PATH=prefix/share/pkgconfig pkg-config --cflags ttt)
    ${CXX:-c++} -std=c++20 $flags "$consumer/main.cpp" -o build/consumer
    ;;
  meson)
    mkdir subprojects
    cp "$consumer/main.cpp" "$consumer/meson.build" .
    ln -s "$source" subprojects/ttt
    meson setup build --force-fallback-for=ttt
    meson compile -C build
    ;;
esac
if [ ! -d build ]; then
  cmake -S "$consumer" -B build -G Ninja -DWAY="$way" -DTTT_SOURCE="$source" \
    -DCMAKE_PREFIX_PATH="$scratch/prefix"
  cmake --build build
fi
build/consumer
