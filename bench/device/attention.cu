// SPDX-License-Identifier: Apache-2.0
//
// How fast is attention over long texts, forward and with its derivatives? Floating-point
// operations a second, of those that the definition has, and as a share of what cuBLAS does with
// large products.

#include "attention/attention.cuh"

namespace device {

extern template void measure_attention<Precision::bfloat16>(Wanted);
extern template void measure_attention<Precision::tf32>(Wanted);
extern template void measure_attention<Precision::float32>(Wanted);

}  // namespace device

int main() {
  using namespace device;
  return run([] {
    measure_attention<Precision::bfloat16>(at_least(230));
    measure_attention<Precision::tf32>({});
    measure_attention<Precision::float32>({});
  });
}
