// SPDX-License-Identifier: Apache-2.0
//
// How far products may be off that are calculated in less than fp32. reduced_precision_test.cc derives that the suite's
// layers stay within these numbers.
#ifndef RECURVE_TESTS_EXECUTOR_BACKEND_PRODUCT_TOLERANCE_H_
#define RECURVE_TESTS_EXECUTOR_BACKEND_PRODUCT_TOLERANCE_H_

#include "executor/backend/precision.h"

namespace recurve {

// BackendUnderTest::product_tolerance for factors rounded to 24, 11 and 8 bits.
constexpr double ProductToleranceOf(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return 1e-6;
    case Precision::kTf32:
      return 1e-3;
    case Precision::kBf16:
      return 8e-3;
  }
  return 0;
}

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_BACKEND_PRODUCT_TOLERANCE_H_
