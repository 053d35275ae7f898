// expect: two parts of a block have the same name
#include <ttt/layer/block.hpp>
#include <ttt/layer/swiglu.hpp>

ttt::Block<ttt::SwiGlu, ttt::SwiGlu>::Params<float> params;
