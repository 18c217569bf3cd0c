// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_REGION_H_
#define RECURVE_EXECUTOR_MODEL_REGION_H_

#include <cstddef>
#include <cstdint>

#include "executor/backend/backend.h"

namespace recurve {

// Hands out consecutive pieces of a block, each aligned to kAlignment. Without a block it returns null and only
// measures, so that the same code lays out a block and computes its size.
class Region {
 public:
  explicit Region(std::byte* block = nullptr) : block_(block) {}

  std::byte* Bytes(int64_t bytes) {
    std::byte* piece = block_ == nullptr ? nullptr : block_ + used_;
    used_ += AlignUp(bytes);
    return piece;
  }
  float* Floats(int64_t n) { return reinterpret_cast<float*>(Bytes(n * static_cast<int64_t>(sizeof(float)))); }

  int64_t used() const { return used_; }  // bytes, a multiple of kAlignment

 private:
  std::byte* block_;
  int64_t used_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_REGION_H_
