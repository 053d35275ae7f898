// expect: width / heads must be even, for rotary positions
#include <ttt/spec/model_spec.hpp>

constexpr ttt::ModelSpec spec =
    ttt::checked({.vocab = 256, .width = 60, .heads = 4, .hidden = 128, .window = 64, .chunk = 16});
