// expect: a Block is made of Layers
#include <ttt/layer/block.hpp>
#include <ttt/layer/swiglu.hpp>

struct Thing {};
constexpr ttt::LayerTraits traits = ttt::Block<ttt::SwiGlu, Thing>::traits;
