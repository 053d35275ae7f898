// control: what the refusals include does compile, so that a broken header refutes none of them
#include <ttt/ttt.hpp>

static_assert(ttt::version.size() >= 5);
