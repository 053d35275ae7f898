// expect: Attend takes a memory: Window, Whole, or Window and a Cache
#include <ttt/model/systems.hpp>

using namespace ttt;
using Wrong = Attend<Cache<4>>::Memory;
