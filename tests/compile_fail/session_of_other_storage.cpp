// expect: no matching function for call to
#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

using namespace ttt;

constexpr ModelSpec spec =
    checked({.vocab = 5, .width = 4, .heads = 1, .hidden = 4, .window = 2, .chunk = 2});
using Model = SlidingWindow<spec, 1>;

/// Parameters in double do not make a session in float.
const auto params = Model::initial<Matrix<double>>(1);
const Session<Model> session(params);
