// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_ELEMENT_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_ELEMENT_H_

#include <cstdint>

namespace recurve::cuda {

// What the factors of a product are made of.
enum class Element : uint8_t { kFloat, kBf16 };

constexpr int64_t BytesOf(Element element) { return element == Element::kFloat ? 4 : 2; }

// A matrix made for a product: rows begin `stride` elements apart, on 16 bytes, which the fastest kernels ask for.
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
