// expect: InnerLoss
#include <ttt/memory/inner.hpp>

struct SharesOnly {
  template <class N>
  N operator()(const N& share) const {
    return share;
  }
};
using Wrong = ttt::InnerLoop<ttt::InnerSgd, SharesOnly>;
