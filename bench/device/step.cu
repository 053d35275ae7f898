// SPDX-License-Identifier: Apache-2.0
//
// What does a step of training cost, of a network that learns while it reads and of a plain one as
// large? The time of the gradient of one text, and its operations a second as a share of what
// cuBLAS does with large products; those of an ordinary gradient, also for the meta-gradient.

#include "step/step.cuh"

namespace device {

extern template void measure_steps<Precision::bfloat16>(const Networks&, Index, StepGoals);
extern template void measure_steps<Precision::tf32>(const Networks&, Index, StepGoals);
extern template void measure_steps<Precision::float32>(const Networks&, Index, StepGoals);

}  // namespace device

int main() {
  using namespace device;
  return run([] {
    const Networks networks;
    measure_steps<Precision::bfloat16>(networks, 8192,
                                       {.meta = at_most(100), .plain = at_most(35)});
    measure_steps<Precision::bfloat16>(networks, 32768, {.meta = at_most(400)});
    measure_steps<Precision::tf32>(networks, 8192, {.meta = at_most(230)});
    measure_steps<Precision::tf32>(networks, 32768, {});
    measure_steps<Precision::float32>(networks, 8192, {});
    measure_steps<Precision::float32>(networks, 32768, {});
  });
}
