// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on counts and byte sizes that saturates instead of overflowing.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_SATURATING_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_SATURATING_H_

#include <algorithm>
#include <cstdint>

namespace recurve {

inline constexpr int64_t kSaturated = int64_t{1} << 62;

inline int64_t SaturatingAdd(int64_t a, int64_t b) { return a > kSaturated - b ? kSaturated : a + b; }  // a, b >= 0

inline int64_t SaturatingMultiply(int64_t a, int64_t b) {  // a, b >= 0
  return static_cast<int64_t>(std::min<__int128>(static_cast<__int128>(a) * b, kSaturated));
}

// The binomial coefficient n over k, saturating. O(min(k, n - k)) steps, fewer when it saturates.
inline int64_t Binomial(int64_t n, int64_t k) {
  k = std::min(k, n - k);
  if (k < 0) return 0;
  __int128 value = 1;
  for (int64_t i = 1; i <= k; ++i) {
    value = value * (n - k + i) / i;
    if (value >= kSaturated) return kSaturated;
  }
  return static_cast<int64_t>(value);
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_SATURATING_H_
