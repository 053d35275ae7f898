// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

#include <iostream>
#include <numeric>
#include <string>
#include <vector>

using namespace ttt;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

using Model = SlidingWindow<spec, 2>;  // no weight of it is fast

int main() {
  const auto params = Model::initial(1);
  std::string text;
  for (int i = 0; i < 40; ++i) text += "and he said unto them, ";
  const std::vector<Token> tokens = data::bytes(text);

  const auto nats_per_byte = [&](Session<Model> session) {
    const std::vector<float> surprisal = session.read(tokens);
    return std::accumulate(surprisal.begin(), surprisal.end(), 0.0F) /
           static_cast<float>(tokens.size());
  };
  Session<Model> frozen(params);
  Session<Model> all(params, dynamic_evaluation<Model>());
  Session<Model> some(params, dynamic_evaluation<Model>(
                                  {.fast = {"feed_forward", "ln_f"}, .optimiser = {.rate = 0.25}}));
  std::cout << nats_per_byte(frozen) << ' ' << nats_per_byte(all) << ' ' << nats_per_byte(some)
            << '\n';
  return 0;
}
