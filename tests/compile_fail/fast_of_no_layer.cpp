// expect: Layer
#include <ttt/memory/fast.hpp>

using Wrong = ttt::Fast<int>;
