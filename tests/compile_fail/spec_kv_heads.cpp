// expect: heads must be a multiple of kv_heads
#include <ttt/spec/model_spec.hpp>

constexpr ttt::ModelSpec spec = ttt::checked({.vocab = 256,
                                              .width = 64,
                                              .heads = 4,
                                              .hidden = 128,
                                              .window = 64,
                                              .chunk = 16,
                                              .kv_heads = 3});
