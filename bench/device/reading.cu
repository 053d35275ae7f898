// SPDX-License-Identifier: Apache-2.0
//
// Does reading stay as fast, however long the text, while the network learns from it? Tokens a
// second near token 8 K, 16 K, ..., 128 K, the last over the first, and then the time of one token
// that is generated.

#include <ttt/model/session.hpp>

#include <span>

#include "measure.cuh"
#include "presets.cuh"

namespace {

using namespace device;
using M = gpu::Matrix<float, Precision::bfloat16>;

constexpr Index near = 8192;
constexpr Index far = 131072;
constexpr Index measured = 4096;  ///< tokens of a measurement

/// Reads on to token `end`; returns tokens a second.
double read_to(Session<Learner, M>& session, Random& random, Index end) {
  std::vector<Token> tokens(static_cast<std::size_t>(end - session.position()));
  for (Token& token : tokens) token = static_cast<Token>(random.below(256));
  gpu::detail::wait();
  const Moment begin;
  session.read(tokens);
  const Moment now;
  return static_cast<double>(tokens.size()) / now.seconds_since(begin);
}

/// The time of one token, which a session reads after it has chosen it.
Time token_time(Session<Learner, M>& session) {
  std::vector<double> seconds;
  for (int n = 0; n < 65; ++n) {
    const Moment begin;
    session.generate(1, Greedy{});
    const Moment now;
    if (n > 0)
      seconds.push_back(now.seconds_since(begin));  // the first learns from the chunk before
  }
  return {median(seconds), std::ssize(seconds)};
}

void read_and_generate() {
  Session<Learner, M> session(Learner::initial<M>(1));
  Random random(2);
  double early = 0;
  double late = 0;
  for (Index at = near; at <= far; at *= 2) {
    read_to(session, random, at - (at == near ? 0 : measured));
    late = read_to(session, random, session.position() + measured);
    if (at == near) early = late;
    Row{"reading near token " + std::to_string(at), late / 1e3, "thousand tokens/s"}.print();
  }
  Row{"reading, last over first", late / early, "times", 1, at_least(0.95)}.print();
  const Time token = token_time(session);
  Row{"generating a token", 1e3 * token.seconds, "ms", token.runs, at_most(1.5)}.print();
}

}  // namespace

int main() { return run(read_and_generate); }
