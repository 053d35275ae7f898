// expect: width must be a multiple of heads
#include <ttt/memory/window.hpp>
#include <ttt/model/systems.hpp>

constexpr ttt::ModelSpec spec{
    .vocab = 256, .width = 64, .heads = 5, .hidden = 128, .window = 64, .chunk = 16};
using Model =
    ttt::LanguageModel<spec, ttt::Repeat<1, ttt::Block<ttt::Attend<ttt::Window>, ttt::SwiGlu>>>;

constexpr ttt::Index width = Model::spec.width;
