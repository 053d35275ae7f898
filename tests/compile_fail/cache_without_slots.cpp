// expect: a cache must have a slot
#include <ttt/memory/cache.hpp>

constexpr ttt::Index slots = ttt::Cache<0, ttt::evict::Oldest>::slots;
