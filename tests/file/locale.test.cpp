// SPDX-License-Identifier: Apache-2.0
#include <ttt/decimal.hpp>
#include <ttt/file/safetensors.hpp>
#include <ttt/shape.hpp>

#include <doctest/doctest.h>

#include <file/files.hpp>
#include <file/grouping.hpp>
#include <limits>
#include <sstream>
#include <string>

namespace {

using namespace ttt;
using namespace ttt::file;

Archive large() {
  Archive archive;
  archive.metadata["spec"] = "width 1536";
  archive.set("w", Matrix<float>::Constant(1536, 2, 0.5F));
  archive.set("step", 1234567);
  return archive;
}

TEST_SUITE("file") {
  TEST_CASE("a file has the same bytes in every locale, and comes back in it") {
    const std::vector<std::byte> bytes = serialise(large());
    const Folder folder;
    const Grouping here;
    REQUIRE((std::ostringstream() << 1536 << ' ' << 0.5).str() == "1.536 0,5");
    CHECK(serialise(large()) == bytes);
    write(folder / "model", large());
    CHECK(read(folder / "model") == large());
  }

  TEST_CASE("messages have the same words in every locale") {
    const Grouping here;
    CHECK_THROWS_WITH_AS(expect_shape("product", "x", Matrix<float>(1, 1536), {any_extent, 1024}),
                         "product: x must be [*, 1024], got [1, 1536]", ShapeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(large().matrix<float>("w", {1, 1536})),
                         "read: archive: tensor \"w\" must be real [1, 1536], got F32 [1536, 2]",
                         FormatError);
  }

  TEST_CASE("a decimal is short, exact, and the same in every locale") {
    const Grouping here;
    CHECK(decimal(0.5) == "0.5");
    CHECK(decimal(1536) == "1536");
    CHECK(decimal(1e-9) == "1e-09");
    CHECK(decimal(0.1) == "0.1");
    CHECK(decimal(-std::numeric_limits<double>::infinity()) == "-inf");
    CHECK(decimal(-2.2250738585072014e-308) == "-2.2250738585072014e-308");
  }
}

}  // namespace
