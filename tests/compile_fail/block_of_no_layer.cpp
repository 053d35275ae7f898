// expect: Layer
#include <ttt/layer/block.hpp>

struct Thing {};
using Wrong = ttt::Block<ttt::SwiGlu, Thing>;
