// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_ELEMENT_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_ELEMENT_H_

#include <cstdint>

namespace recurve::cuda {

// The element type of a product's operands.
enum class Element : uint8_t { kFloat, kBf16 };

constexpr int64_t BytesOf(Element element) { return element == Element::kFloat ? 4 : 2; }

// A matrix prepared for a product. Rows begin `stride` elements apart, at multiples of 16 bytes, which the fastest
// kernels require.
struct OperandRows {
  Element element;
  void* data;
  int64_t stride;
};

constexpr int64_t OperandStride(Element element, int64_t width) {
  const int64_t multiple = 16 / BytesOf(element);
  return (width + multiple - 1) / multiple * multiple;
}

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_ELEMENT_H_
