// expect: head must be even, for rotary positions
#include <ttt/model/systems.hpp>

constexpr ttt::ModelSpec spec{
    .vocab = 9, .width = 8, .heads = 1, .hidden = 8, .window = 6, .chunk = 4};
using Embedding = decltype(ttt::SrTtt<spec, 1, ttt::ResidualDelta<>{.delta = {.head = 7}}>::Params<
                           ttt::Matrix<float>>::embedding);
