// expect: InnerOptimiser
#include <ttt/memory/inner.hpp>

struct StepsOnly {
  template <ttt::Storage M>
  void step(ttt::FastWeights<M>&, ttt::FastWeights<M>&, const ttt::FastWeights<M>&) const {}
};
using Wrong = ttt::InnerLoop<StepsOnly>;
