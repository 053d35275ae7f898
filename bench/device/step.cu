// SPDX-License-Identifier: Apache-2.0
//
// What does a step of training cost, of a network that learns while it reads and of a plain one as
// large? The time of the gradient of one text, and its operations a second as a share of what
// cuBLAS does with large products; those of an ordinary gradient, also for the meta-gradient.

#include "step/step.cuh"

namespace device {

extern template void measure_steps<Precision::bfloat16>(Index, StepGoals);
extern template void measure_steps<Precision::tf32>(Index, StepGoals);
extern template void measure_steps<Precision::float32>(Index, StepGoals);

}  // namespace device

int main() {
  using namespace device;
  return run([] {
    measure_steps<Precision::bfloat16>(8192, {.meta = at_most(100), .plain = at_most(35)});
    measure_steps<Precision::bfloat16>(32768, {.meta = at_most(400)});
    measure_steps<Precision::tf32>(8192, {.meta = at_most(230)});
    measure_steps<Precision::tf32>(32768, {});
    measure_steps<Precision::float32>(8192, {});
    measure_steps<Precision::float32>(32768, {});
  });
}
