// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/heap.h"

#include <malloc.h>

namespace recurve {
namespace {

// Setting the threshold, even to its initial value, keeps it from growing.
constexpr int kLargeBlock = 128 << 10;

}  // namespace

void GiveLargeBlocksTheirOwnPages() { mallopt(M_MMAP_THRESHOLD, kLargeBlock); }

void ReturnFreePages() { malloc_trim(0); }

}  // namespace recurve
