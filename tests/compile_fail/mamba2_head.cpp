// expect: expansion * width must be a multiple of head
#include <ttt/model/systems.hpp>

constexpr ttt::ModelSpec spec{
    .vocab = 9, .width = 8, .heads = 1, .hidden = 8, .window = 6, .chunk = 4};
using Embedding =
    decltype(ttt::Mamba2Model<spec, 1,
                              ttt::Mamba2{.head = 5}>::Params<ttt::Matrix<float>>::embedding);
