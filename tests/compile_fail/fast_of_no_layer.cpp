// expect: Fast takes a Layer
#include <ttt/layer/fast.hpp>

constexpr ttt::LayerTraits traits = ttt::Fast<int>::traits;
