// SPDX-License-Identifier: Apache-2.0
#include <ttt/gpu/nccl.cuh>
#include <ttt/learn/exchange.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "laws/communicator.hpp"

namespace ttt {

// What a trainer calls, for one device has nobody to send to.
template void send_array(const gpu::Nccl&, const gpu::Matrix<float>&, Index);
template gpu::Matrix<float> receive_array(const gpu::Nccl&, Index, Index, Index);

}  // namespace ttt

TEST_SUITE("cuda") {
  using namespace ttt;

  TEST_CASE("one device is a communicator of one rank, and keeps its own arrays") {
    const gpu::Nccl ranks(gpu::Nccl::fresh_id(), 0, 1);
    laws::check_communicator(ranks);
    using M = gpu::Matrix<float>;
    const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
    M array = Primitives<M>::upload(2, 3, numbers);
    broadcast_array(ranks, array, 2, 3, 0);
    CHECK(Primitives<M>::download(view(array)) == numbers);
  }
}
