// expect: vocab must be at least 2
#include <ttt/spec/model_spec.hpp>

constexpr ttt::ModelSpec spec =
    ttt::checked({.vocab = 1, .width = 64, .heads = 4, .hidden = 128, .window = 64, .chunk = 16});
