// expect: Layer
#include <ttt/layer/block.hpp>
#include <ttt/layer/swiglu.hpp>

struct Thing {};
using Wrong = ttt::Block<ttt::SwiGlu, Thing>;
