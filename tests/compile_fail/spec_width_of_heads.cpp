// expect: width must be a multiple of heads
#include <ttt/spec/model_spec.hpp>

constexpr ttt::ModelSpec spec =
    ttt::checked({.vocab = 256, .width = 64, .heads = 5, .hidden = 128, .window = 64, .chunk = 16});
