// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_PRECISION_H_
#define RECURVE_EXECUTOR_BACKEND_PRECISION_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace recurve {

// The precision of the operands of matrix products. Accumulation, weights, states, tapes and element-wise operations
// are always fp32.
enum class Precision : uint8_t {
  kFp32,  // IEEE 754 single precision throughout
  kTf32,  // operands rounded to 10 bits of mantissa (CUDA, compute capability 8.0 on)
  kBf16,  // operands rounded to bfloat16, 7 bits (CUDA, compute capability 8.0 on)
};
inline constexpr Precision kPrecisions[] = {Precision::kFp32, Precision::kTf32, Precision::kBf16};

// "fp32", "tf32", "bf16".
constexpr std::string_view ToString(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kTf32:
      return "tf32";
    case Precision::kBf16:
      return "bf16";
  }
  return "unknown";
}

constexpr std::optional<Precision> ParsePrecision(std::string_view name) {
  for (const Precision precision : kPrecisions) {
    if (ToString(precision) == name) return precision;
  }
  return std::nullopt;
}

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_PRECISION_H_
