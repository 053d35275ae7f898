// expect: a Layer whose traits say `surprisal` must have `observe(state, surprisal, spec)`
#include <ttt/layer/block.hpp>
#include <ttt/layer/swiglu.hpp>

using namespace ttt;

/// It says that it is told surprisals, and misspells the member that is.
struct Misspelt : SwiGlu {
  static constexpr LayerTraits traits{.surprisal = true};
  template <class A>
  void observes(State<A>&, std::span<const double>, const ModelSpec&) const {}
};
constexpr LayerTraits traits = Block<Misspelt>::traits;
