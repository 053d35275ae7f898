// SPDX-License-Identifier: Apache-2.0
#include "laws/recurrences.hpp"

#include <ttt/learn/adjoint.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "laws/meta_gradient.hpp"
#include "laws/session.hpp"

namespace {

using namespace ttt;
using laws::LearningDeltaNet;
using laws::SmallDeltaNet;
using laws::SmallMamba2;

TEST_SUITE("model") {
  TEST_CASE_TEMPLATE("Models of recurrences stream, are causal, and go on from their files", Model,
                     SmallMamba2, SmallDeltaNet, LearningDeltaNet) {
    laws::check_session_streaming<Model, double>({}, 8);
    laws::check_session_streaming<Model, float>({}, 4);
    laws::check_session_causal<Model>();
    laws::check_session_file<Model>("ttt_recurrent_memory.safetensors");
  }

  TEST_CASE_TEMPLATE("The gradient of a model of recurrences is the difference quotient", Model,
                     SmallMamba2, SmallDeltaNet) {
    const auto params = laws::lively_params<Model>(4);
    const auto tokens = laws::text<Model>(3, 4);
    const auto gradient_of = [&](const auto& moved) {
      return plain_gradient<Model, Matrix<double>>(moved, {.tokens = tokens});
    };
    laws::check_gradient(params, gradient_of(params).params,
                         [&](const auto& moved) { return gradient_of(moved).loss; });
  }

  TEST_CASE("The meta-gradient goes through a delta rule beside fast weights") {
    laws::check_meta_gradient<LearningDeltaNet>(
        InnerLoop<>{.optimiser = {.rate = 0.1, .max_norm = 1.5}}, 4, 2);
  }

  TEST_CASE("The memory of a model of recurrences does not grow") {
    const auto params = laws::lively_params<SmallDeltaNet, float>(1);
    Session<SmallDeltaNet> session(params);
    const auto elements = [&] {
      Index count = 0;
      for_each_array([&](const Leaf&, const Matrix<float>& array) { count += array.size(); },
                     session.state().memory);
      return count;
    };
    session.read(laws::text<SmallDeltaNet>(1, 1));
    const Index after_one = elements();
    session.read(laws::text<SmallDeltaNet>(20, 2));
    CHECK(elements() == after_one);
  }
}

}  // namespace
