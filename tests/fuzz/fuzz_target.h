// SPDX-License-Identifier: Apache-2.0
//
// What the fuzz targets share. Each defines libFuzzer's entry point and is linked with libFuzzer (scripts/fuzz) or with
// plain_driver.cc, which needs no special compiler and is part of the ordinary tests.
#ifndef RECURVE_TESTS_FUZZ_FUZZ_TARGET_H_
#define RECURVE_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace recurve {

// Inputs that got past the first checks. The plain driver fails when there are hardly any: then it tests nothing.
inline int64_t fuzz_accepted = 0;

// Ends the process, for libFuzzer to keep the input, when `holds` is false.
inline void FuzzCheck(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

}  // namespace recurve

#endif  // RECURVE_TESTS_FUZZ_FUZZ_TARGET_H_
