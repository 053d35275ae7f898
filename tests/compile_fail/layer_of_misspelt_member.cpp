// expect: a Layer must have `Params<TensorSpec> tensors(spec) const`
#include <ttt/layer/block.hpp>
#include <ttt/layer/swiglu.hpp>

using namespace ttt;

/// A SwiGlu whose `tensors` is misspelt: that of the base is hidden.
struct Misspelt {
  static constexpr LayerTraits traits{};
  using Extras = NoExtras;
  PartNames names{"norm", "part", "post_norm"};
  template <class A>
  using Params = SwiGlu::Params<A>;
  template <class A>
  using State = Stateless<A>;

  Params<TensorSpec> tensor(const ModelSpec& spec) const { return SwiGlu{}.tensors(spec); }
  template <class M>
  void validate(const State<M>&, Index, const ModelSpec&) const {}
  template <class P, class X, class C>
  X read(const Params<P>& params, State<X>& state, const X& x, const C& context) const {
    return SwiGlu{}.read(params, state, x, context);
  }
};
constexpr LayerTraits traits = Block<Misspelt>::traits;
