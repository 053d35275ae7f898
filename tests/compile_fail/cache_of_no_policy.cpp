// expect: a policy of a cache must be a Signal, an Admit, an Evict, a Place or a Fuse
#include <ttt/memory/cache.hpp>

struct Whim {
  int operator()(const ttt::Entry&, const ttt::Entry&) const { return 0; }
};
constexpr ttt::Index slots = ttt::Cache<4, Whim>::slots;
