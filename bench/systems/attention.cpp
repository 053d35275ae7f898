// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/language_model.hpp>
#include <ttt/parallel/team.hpp>
#include <ttt/random.hpp>

#include "list.hpp"
#include "support/machine.hpp"

namespace {

using namespace systems;
using Floats = Matrix<float>;

Floats normal(Index rows, Index cols, std::uint64_t seed) {
  Random random(seed);
  Floats m(rows, cols);
  for (Index t = 0; t < rows; ++t) {
    for (Index i = 0; i < cols; ++i) m(t, i) = static_cast<float>(random.normal());
  }
  return m;
}

struct Seconds {
  double forward = 0;
  double forward_and_backward = 0;
};

Seconds measure_length(Index length, const ModelSpec& spec) {
  const Floats q = normal(length, spec.width, 1);
  const Floats k = normal(length, spec.width, 2);
  const Floats v = normal(length, spec.width, 3);
  const Floats cotangent = normal(length, spec.width, 4);
  const AttentionHeads heads{.heads = spec.heads, .kv_heads = spec.heads};
  const auto visible = VisibleKeys::sliding(length, length, length);

  Seconds seconds;
  const support::Stopwatch forward;
  Tape<Floats> constants;  // of which nothing is recorded
  static_cast<void>(attend(constants.constant(q), constants.constant(k), constants.constant(v),
                           constants.own_constant({}), heads, visible));
  seconds.forward = forward.seconds();

  Floats dq;
  Floats dk;
  Floats dv;
  const support::Stopwatch both;
  Tape<Floats> tape;
  const Var<Floats> y = attend(tape.leaf(q, dq), tape.leaf(k, dk), tape.leaf(v, dv),
                               tape.own_constant({}), heads, visible);
  tape.seed(y, Floats(cotangent));
  tape.pull_back();
  seconds.forward_and_backward = both.seconds();
  return seconds;
}

}  // namespace

systems::Measured systems::attention(const Work& work) {
  const ModelSpec& spec = work.width == large.width ? large : small;
  Team team(work.threads);
  const Team::Scope scope(work.threads > 1 ? &team : nullptr);
  Measured result{.shape = {{"width", spec.width}, {"heads", spec.heads}}, .rows = {}};
  for (const Index length : work.lengths) {
    static_cast<void>(measure_length(length, spec));  // warms up
    const Seconds seconds = measure_length(length, spec);
    const auto tokens = static_cast<double>(length);
    result.rows.push_back(row("forward", length, tokens / seconds.forward));
    result.rows.push_back(
        row("forward_and_backward", length, tokens / seconds.forward_and_backward));
  }
  return result;
}
