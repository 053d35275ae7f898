// expect: InnerLoss
#include <ttt/memory/inner.hpp>

struct SharesOnly {
  template <class S>
  ttt::Matrix<S> weights(const ttt::Matrix<S>& shares) const {
    return shares;
  }
};
using Wrong = ttt::InnerLoop<ttt::InnerSgd, SharesOnly>;
