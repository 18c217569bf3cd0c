// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_SIDE_WORK_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_SIDE_WORK_H_

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/backend/cuda/cuda_handles.h"

namespace recurve::cuda {

// The memory that an operation reads and writes. Not thread-safe.
class Footprint {
 public:
  // A null `begin` adds nothing.
  Footprint& Reads(const void* begin, int64_t bytes) { return Note(reads_, begin, bytes); }
  Footprint& Writes(const void* begin, int64_t bytes) { return Note(writes_, begin, bytes); }
  Footprint& ReadsFloats(const float* begin, int64_t n) { return Reads(begin, n * kFloatBytes); }
  Footprint& WritesFloats(const float* begin, int64_t n) { return Writes(begin, n * kFloatBytes); }

  void Add(const Footprint& other);
  void Clear();

  size_t ranges() const { return reads_.size() + writes_.size(); }

  // Whether one operation writes what the other reads or writes, so that their order matters.
  bool Conflicts(const Footprint& other) const;

 private:
  struct Bytes {
    const std::byte* begin;
    int64_t count;
  };
  static constexpr int64_t kFloatBytes = sizeof(float);

  Footprint& Note(std::vector<Bytes>& list, const void* begin, int64_t bytes);
  static bool Overlap(const std::vector<Bytes>& a, const std::vector<Bytes>& b);

  std::vector<Bytes> reads_, writes_;
};

// A low-priority stream beside the high-priority main stream, for work whose results are needed late: gradients of
// weights, which occupy what a chain of small steps leaves idle.
//
// Two operations of which one writes what the other accesses must run in the order in which they were called:
//   main, then side   Begin makes the side stream wait for everything enqueued on the main stream.
//   side, then side   Same stream.
//   side, then main   The caller passes the main operation's footprint to MustJoin, and calls Join if it returns true,
//   or
//                     calls Join unconditionally. Join makes the main stream wait for everything on the side stream.
//   main, then main   Same stream.
// A footprint must cover everything the operation accesses except the scratch memory of its own stream.
// Not thread-safe. The work must have finished before this object is destroyed.
class SideWork {
 public:
  static absl::StatusOr<SideWork> Create();

  cudaStream_t stream() const { return stream_.get(); }

  // Work enqueued on stream() from now on starts after everything enqueued on `main` so far.
  cudaError_t Begin(cudaStream_t main);
  // Called when all of the work is enqueued; `footprint` is the memory that it accesses.
  cudaError_t End(const Footprint& footprint);

  bool busy() const { return busy_; }  // since the last Join
  bool MustJoin(const Footprint& main) const {
    return busy_ && (footprint_.ranges() > kMostRanges || footprint_.Conflicts(main));
  }
  // Work enqueued on `main` from now on starts after everything on stream().
  cudaError_t Join(cudaStream_t main);

 private:
  static constexpr size_t kMostRanges = 512;  // comparing more would take longer than a join

  Stream stream_;
  Event begin_;  // on the main stream
  Event end_;    // on stream_, after the last work
  bool busy_ = false;
  Footprint footprint_;
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_SIDE_WORK_H_
