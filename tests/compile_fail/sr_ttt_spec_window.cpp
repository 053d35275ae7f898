// expect: window must be a multiple of chunk
#include <ttt/model/sr_ttt.hpp>

constexpr ttt::SrTttSpec spec{.vocab = 9,
                              .width = 8,
                              .depth = 1,
                              .heads = 1,
                              .head = 4,
                              .hidden = 8,
                              .window = 6,
                              .chunk = 4,
                              .slots = 4};
using Embedding = decltype(ttt::SrTtt<spec>::Params<ttt::Matrix<float>>::embedding);
