// expect: the policies of a cache must read keep scores or retentions, not both
#include <ttt/memory/cache.hpp>

using namespace ttt;
constexpr Index slots = Cache<4, signal::KeepScore, evict::LeastRetained>::slots;
