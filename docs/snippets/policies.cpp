// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

#include <iostream>

using namespace ttt;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

/// Who leaves first? Who was read last: the beginning of the text stays.
struct Youngest {
  bool operator()(const Entry& a, const Entry& b) const { return a.position > b.position; }
};
static_assert(Evict<Youngest>);

using Kept = Cache<4, Youngest>;

using Reader = Block<Attend<Window>, SwiGlu>;                       // reads
using Learner = Block<Attend<Window, Kept>, Fast<SwiGlu>, SwiGlu>;  // reads, keeps and learns
using Model = LanguageModel<spec, Repeat<1, Reader>, Repeat<1, Learner>>;

int main() {
  const auto params = Model::initial<float>(1);
  Session<Model> session(params);
  session.read(data::bytes("Now the serpent was more subtil than any beast of the field"));
  for_each_notes(
      [](const Leaf&, const Notes<Entry>& entries) {
        for (const Entry& entry : entries) std::cout << entry.position << ' ';
      },
      session.state().memory);
  std::cout << '\n';
  return 0;
}
