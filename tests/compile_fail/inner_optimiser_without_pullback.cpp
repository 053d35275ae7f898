// expect: InnerOptimiser
#include <ttt/memory/inner.hpp>

struct StepsOnly {
  template <class S>
  void step(ttt::FastWeights<S>&, ttt::FastWeights<S>&, const ttt::FastWeights<S>&) const {}
};
using Wrong = ttt::InnerLoop<StepsOnly>;
