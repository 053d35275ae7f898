// expect: a cache must have one policy of a kind
#include <ttt/memory/cache.hpp>

using namespace ttt;
constexpr Index slots = Cache<4, evict::Oldest, evict::LowestKeepScore>::slots;
