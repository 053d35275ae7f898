// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

#include <iostream>
#include <numeric>
#include <vector>

using namespace ttt;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

using Reader = Block<Attend<Window>, SwiGlu>;                 // reads
using Learner = Block<Attend<Window>, Fast<SwiGlu>, SwiGlu>;  // reads, and learns from it
using Model = LanguageModel<spec, Repeat<2, Reader>, Repeat<1, Learner>>;

int main() {
  const auto params = Model::initial(1);  // 1 seeds the normal numbers
  Session<Model> session(params);

  const std::vector<Token> tokens = data::bytes("In the beginning was the Word. ");
  const std::vector<float> surprisal = session.read(tokens);
  const float total = std::accumulate(surprisal.begin(), surprisal.end(), 0.0F);
  std::cout << "nats a byte: " << total / static_cast<float>(tokens.size()) << '\n';

  const Session<Model> bookmark = session;  // a session is a value
  std::cout << data::text(session.generate(40, top_p(0.95, 7))) << '\n';
  session = bookmark;  // as if nothing had been generated
  std::cout << session.position() << " tokens read, " << session.bytes() << " bytes kept\n";
  return 0;
}
