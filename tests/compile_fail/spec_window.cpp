// expect: window must be positive
#include <ttt/spec/model_spec.hpp>

constexpr ttt::ModelSpec spec =
    ttt::checked({.vocab = 256, .width = 64, .heads = 4, .hidden = 128, .window = 0, .chunk = 16});
