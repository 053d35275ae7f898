// expect: value_heads must be a multiple of heads
#include <ttt/model/systems.hpp>

constexpr ttt::ModelSpec spec{
    .vocab = 9, .width = 8, .heads = 2, .hidden = 8, .window = 6, .chunk = 4};
using Embedding =
    decltype(ttt::GatedDeltaNetModel<spec, 1, ttt::GatedDeltaNet{.value_heads = 3}>::Params<
             ttt::Matrix<float>>::embedding);
