// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

#include <iostream>
#include <tuple>

using namespace ttt;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

/// Evicts the latest token first: the beginning of the text is kept.
struct Youngest {
  bool operator()(const Entry& a, const Entry& b) const { return a.position > b.position; }
};
static_assert(Evict<Youngest>);

using Cached = Cache<4, evict::Oldest>;

using Reader = Block<Attend<Window>, SwiGlu>;                         // reads
using Learner = Block<Attend<Window, Cached>, Fast<SwiGlu>, SwiGlu>;  // reads, caches and learns
using Model = LanguageModel<spec, Repeat<1, Reader>, Repeat<1, Learner>>;

int main() {
  const auto params = Model::initial(1);
  Session<Model> session(params);
  session.read(data::bytes("Now the serpent was more subtil than any beast of the field"));
  const auto& learner = std::get<1>(session.state().memory.stages)[0];  // the block's state
  const auto& attention = std::get<0>(learner.parts);
  for (const Entry& entry : attention.cache.entries) std::cout << entry.position << ' ';
  std::cout << '\n';
  return 0;
}
