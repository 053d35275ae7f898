// expect: chunk must be at most window
#include <ttt/spec/model_spec.hpp>

constexpr ttt::ModelSpec spec =
    ttt::checked({.vocab = 256, .width = 64, .heads = 4, .hidden = 128, .window = 64, .chunk = 65});
