// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products by cuBLASLt. To it, which has columns first, our arrays are transposed: the factors
// change places.

#include <ttt/algebra/view.hpp>
#include <ttt/gpu/buffer.cuh>

#include <cublasLt.h>
#include <cuda_bf16.h>

#include <compare>
#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

namespace ttt::gpu::detail {

inline void expect_done(cublasStatus_t status, const char* asked) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw DeviceError(std::string(asked) + ": cuBLASLt answered " + cublasLtGetStatusString(status));
}

template <class S>
inline constexpr cudaDataType_t data_type = CUDA_R_32F;
template <>
inline constexpr cudaDataType_t data_type<double> = CUDA_R_64F;
template <>
inline constexpr cudaDataType_t data_type<__nv_bfloat16> = CUDA_R_16BF;

/// One array of a product: extents, elements from one row to the next, and the largest power of
/// two, up to 256, that divides the address.
struct ProductArray {
  Index rows, cols, stride;
  std::uintptr_t alignment;

  template <class S>
  explicit ProductArray(const View<S>& view)
      : rows(view.rows),
        cols(view.cols),
        stride(view.stride),
        alignment((reinterpret_cast<std::uintptr_t>(view.data) | 256) &
                  -(reinterpret_cast<std::uintptr_t>(view.data) | 256)) {}
  auto operator<=>(const ProductArray&) const = default;
};

/// What products have to have in common to be computed in one way.
struct ProductKind {
  ProductArray out, a, b;
  cudaDataType_t factor, sum;
  cublasComputeType_t compute;
  Flip flip;
  auto operator<=>(const ProductKind&) const = default;
};

/// What T's function of that name made, until the end.
template <class T, cublasStatus_t (*destroy)(T)>
class Owned {
 public:
  Owned() = default;
  Owned(Owned&& other) noexcept : made_(std::exchange(other.made_, nullptr)) {}
  Owned& operator=(Owned other) noexcept {
    std::swap(made_, other.made_);
    return *this;
  }
  ~Owned() {
    if (made_ != nullptr) destroy(made_);
  }
  [[nodiscard]] T* place() { return &made_; }
  [[nodiscard]] T get() const { return made_; }

 private:
  T made_ = nullptr;
};
using ProductLayout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;

[[nodiscard]] inline ProductLayout layout_of(const ProductArray& array, cudaDataType_t type) {
  ProductLayout layout;
  expect_done(
      cublasLtMatrixLayoutCreate(layout.place(), type, static_cast<std::uint64_t>(array.cols),
                                 static_cast<std::uint64_t>(array.rows), array.stride),
      "gemm");
  return layout;
}

/// The way in which products of one kind are computed: what the library's heuristics put first.
class ProductPlan {
 public:
  ProductPlan(cublasLtHandle_t handle, const ProductKind& kind)
      : a_(layout_of(kind.a, kind.factor)),
        b_(layout_of(kind.b, kind.factor)),
        out_(layout_of(kind.out, kind.sum)) {
    expect_done(cublasLtMatmulDescCreate(what_.place(), kind.compute, kind.sum), "gemm");
    set(CUBLASLT_MATMUL_DESC_TRANSA, kind.flip == Flip::right);  // of the first, which is b
    set(CUBLASLT_MATMUL_DESC_TRANSB, kind.flip == Flip::left);
    Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy> wanted;
    expect_done(cublasLtMatmulPreferenceCreate(wanted.place()), "gemm");
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t name, auto number) {
      expect_done(cublasLtMatmulPreferenceSetAttribute(wanted.get(), name, &number, sizeof(number)),
                  "gemm");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, most_workspace);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
           static_cast<std::uint32_t>(kind.b.alignment));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
           static_cast<std::uint32_t>(kind.a.alignment));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
           static_cast<std::uint32_t>(kind.out.alignment));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
           static_cast<std::uint32_t>(kind.out.alignment));
    cublasLtMatmulHeuristicResult_t best{};
    int found = 0;
    expect_done(cublasLtMatmulAlgoGetHeuristic(handle, what_.get(), b_.get(), a_.get(), out_.get(),
                                               out_.get(), wanted.get(), 1, &best, &found),
                "gemm");
    if (found == 0) expect_done(CUBLAS_STATUS_NOT_SUPPORTED, "gemm");
    algorithm_ = best.algo;
    workspace_ = static_cast<Index>(best.workspaceSize);
  }

  /// out = a b, or out += a b.
  template <class S, class F>
  void run(cublasLtHandle_t handle, S* out, const F* a, const F* b, bool add) const {
    Buffer<unsigned char> workspace(workspace_);
    const S one = 1;
    const S kept = add ? 1 : 0;
    expect_done(
        cublasLtMatmul(handle, what_.get(), &one, b, b_.get(), a, a_.get(), &kept, out, out_.get(),
                       out, out_.get(), &algorithm_, workspace.data(), workspace.bytes(), stream()),
        "gemm");
  }

 private:
  static constexpr std::size_t most_workspace = std::size_t{32} << 20;  ///< as for Hopper advised

  void set(cublasLtMatmulDescAttributes_t which, bool transposed) {
    const cublasOperation_t operation = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    expect_done(cublasLtMatmulDescSetAttribute(what_.get(), which, &operation, sizeof(operation)),
                "gemm");
  }

  ProductLayout a_, b_, out_;
  Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> what_;
  cublasLtMatmulAlgo_t algorithm_{};
  Index workspace_ = 0;
};

/// The plans of this thread: shapes come again, so each is made once.
class ProductPlans {
 public:
  ProductPlans() { expect_done(cublasLtCreate(handle_.place()), "gemm"); }

  [[nodiscard]] static ProductPlans& mine() {
    thread_local ProductPlans plans;
    return plans;
  }
  [[nodiscard]] cublasLtHandle_t handle() const { return handle_.get(); }
  [[nodiscard]] const ProductPlan& of(const ProductKind& kind) {
    const auto known = plans_.find(kind);
    if (known != plans_.end()) return known->second;
    return plans_.emplace(kind, ProductPlan(handle(), kind)).first->second;
  }

 private:
  Owned<cublasLtHandle_t, cublasLtDestroy> handle_;
  std::map<ProductKind, ProductPlan> plans_;
};

/// out = a b or out += a b.
template <class S, class F>
void multiply(View<S> out, View<const F> a, View<const F> b, Flip flip, bool add,
              cublasComputeType_t compute) {
  ProductPlans& plans = ProductPlans::mine();
  plans
      .of({ProductArray(out), ProductArray(a), ProductArray(b), data_type<F>, data_type<S>, compute,
           flip})
      .run(plans.handle(), out.data, a.data, b.data, add);
}

/// One element rounded.
struct HalveElement {
  __nv_bfloat16* to;
  View<const float> from;
  TTT_HD void operator()(Index n) const {
    to[n] = __float2bfloat16_rn(from.data[n / from.cols * from.stride + n % from.cols]);
  }
};

/// The elements of an array rounded, row by row.
[[nodiscard]] inline Buffer<__nv_bfloat16> halved(const View<const float>& view) {
  Buffer<__nv_bfloat16> half(view.rows * view.cols);
  for_each_index(half.size(), HalveElement{half.data(), view});
  return half;
}
/// Rounded elements in the shape of the array that they come from.
[[nodiscard]] inline View<const __nv_bfloat16> as_view(const Buffer<__nv_bfloat16>& half,
                                                       const View<const float>& of) {
  return {half.data(), of.rows, of.cols, of.cols};
}

}  // namespace ttt::gpu::detail
