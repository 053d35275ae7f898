// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include "laws/small_sr_ttt.hpp"
#include "storage/agrees.hpp"

namespace {

using namespace ttt;

constexpr ResidualDelta<> memory{.slots = 5, .filter = {.percent = 61.7, .part = 7}};
using Model = SrTtt<laws::small_sr_ttt, 2, memory>;

TEST_SUITE("storage") {
  TEST_CASE("SR-TTT on another storage agrees, its cache off and on, with the oracle's term") {
    const auto params = Model::initial<Matrix<double>>(1);
    storage::check_model<Model>(params, {.caching = Caching::off});
    storage::check_model<Model>(params, {.caching = Caching::on});
    storage::check_model<Model>(
        params,
        {.caching = Caching::on, .forced = {3, 4}, .oracle = 1, .queries = {27}, .needles = {3}});
  }
}

}  // namespace
