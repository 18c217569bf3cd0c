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

// The memory that an operation reads and writes.
class Footprint {
 public:
  // Null: nothing.
  Footprint& Reads(const void* begin, int64_t bytes) { return Note(reads_, begin, bytes); }
  Footprint& Writes(const void* begin, int64_t bytes) { return Note(writes_, begin, bytes); }
  Footprint& ReadsFloats(const float* begin, int64_t n) { return Reads(begin, n * kFloatBytes); }
  Footprint& WritesFloats(const float* begin, int64_t n) { return Writes(begin, n * kFloatBytes); }

  void Add(const Footprint& other);
  void Clear();

  size_t ranges() const { return reads_.size() + writes_.size(); }

  // Whether the order of the two operations matters: one writes what the other reads or writes.
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

// A stream of the lowest priority beside the main one, which has the highest, for work whose results are needed late:
// gradients of weights, which fill what a chain of small steps leaves idle of the device.
//
// That every two operations of which one writes what the other touches run in the order in which they were called:
//   main, then side   Begin has the side stream wait for all that the main one was told before.
//   side, then side   One stream.
//   side, then main   The caller asks MustJoin with the memory that the main operation touches, or joins without
//                     asking; Join has the main stream wait for all that the side one was told before.
//   main, then main   One stream.
// An operation's footprint must hold all that it touches, but for scratch memory of its own stream.
// Not thread-safe. The work must be over before this dies.
class SideWork {
 public:
  static absl::StatusOr<SideWork> Create();

  cudaStream_t stream() const { return stream_.get(); }

  // What is put on stream() next begins after all that `main` was told so far.
  cudaError_t Begin(cudaStream_t main);
  // All of it is on the stream; this is what it touches.
  cudaError_t End(const Footprint& footprint);

  bool busy() const { return busy_; }  // since the last Join
  bool MustJoin(const Footprint& main) const {
    return busy_ && (footprint_.ranges() > kMostRanges || footprint_.Conflicts(main));
  }
  // What `main` is told from now on begins after all that is on stream().
  cudaError_t Join(cudaStream_t main);

 private:
  static constexpr size_t kMostRanges = 512;  // to compare with: more would take longer than a join costs

  Stream stream_;
  Event begin_;  // on the main stream
  Event end_;    // on stream_, after the last work
  bool busy_ = false;
  Footprint footprint_;
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_SIDE_WORK_H_
