// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_PRECISION_H_
#define RECURVE_EXECUTOR_BACKEND_PRECISION_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "planner_service/fields/named.h"

namespace recurve {

// The precision of the operands of matrix products. Accumulation, weights, states, tapes and element-wise operations
// are always fp32.
enum class Precision : uint8_t {
  kFp32,  // IEEE 754 single precision throughout
  kTf32,  // operands rounded to 10 bits of mantissa (CUDA, compute capability 8.0 on)
  kBf16,  // operands rounded to bfloat16, 7 bits (CUDA, compute capability 8.0 on)
};
inline constexpr Precision kPrecisions[] = {Precision::kFp32, Precision::kTf32, Precision::kBf16};

inline constexpr Named<Precision> kPrecisionNames[] = {
    {"fp32", Precision::kFp32}, {"tf32", Precision::kTf32}, {"bf16", Precision::kBf16}};
constexpr std::string_view ToString(Precision precision) { return NameOf(kPrecisionNames, precision); }
constexpr std::optional<Precision> ParsePrecision(std::string_view name) { return ValueOf(kPrecisionNames, name); }

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_PRECISION_H_
