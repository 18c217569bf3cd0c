// SPDX-License-Identifier: Apache-2.0
//
// What the C library keeps of memory that was freed.
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_HEAP_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_HEAP_H_

namespace recurve {

// For the main function of a daemon that runs for months: large blocks always get pages of their own, which go back to
// the system when the block is freed. By default, the C library moves ever larger blocks to its heaps, where a small
// object behind a block keeps the block's pages in the process.
void GiveLargeBlocksTheirOwnPages();

// Returns the free pages of all heaps to the system. Takes about a millisecond.
void ReturnFreePages();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_HEAP_H_
