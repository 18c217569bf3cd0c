// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/side_work.h"

#include <algorithm>

#include "executor/backend/cuda/cuda_status.h"
#include "planner_service/status/status_macros.h"

namespace recurve::cuda {

void Footprint::Add(const Footprint& other) {
  reads_.insert(reads_.end(), other.reads_.begin(), other.reads_.end());
  writes_.insert(writes_.end(), other.writes_.begin(), other.writes_.end());
}

void Footprint::Clear() {
  reads_.clear();
  writes_.clear();
}

bool Footprint::Conflicts(const Footprint& other) const {
  return Overlap(writes_, other.writes_) || Overlap(writes_, other.reads_) || Overlap(reads_, other.writes_);
}

Footprint& Footprint::Note(std::vector<Bytes>& list, const void* begin, int64_t bytes) {
  if (begin != nullptr && bytes > 0) list.push_back({static_cast<const std::byte*>(begin), bytes});
  return *this;
}

bool Footprint::Overlap(const std::vector<Bytes>& a, const std::vector<Bytes>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Bytes& x) {
    return std::any_of(b.begin(), b.end(),
                       [&](const Bytes& y) { return x.begin < y.begin + y.count && y.begin < x.begin + x.count; });
  });
}

absl::StatusOr<SideWork> SideWork::Create() {
  SideWork work;
  cudaError_t error = cuda::Create(Priority::kLowest, work.stream_);
  if (error == cudaSuccess) error = cuda::Create(work.begin_);
  if (error == cudaSuccess) error = cuda::Create(work.end_);
  RETURN_IF_ERROR(ToStatus(error, "create the side stream"));
  return work;
}

cudaError_t SideWork::Begin(cudaStream_t main) {
  const cudaError_t error = cudaEventRecord(begin_.get(), main);
  return error != cudaSuccess ? error : cudaStreamWaitEvent(stream_.get(), begin_.get(), 0);
}

cudaError_t SideWork::End(const Footprint& footprint) {
  footprint_.Add(footprint);
  busy_ = true;
  return cudaEventRecord(end_.get(), stream_.get());
}

cudaError_t SideWork::Join(cudaStream_t main) {
  busy_ = false;
  footprint_.Clear();
  return cudaStreamWaitEvent(main, end_.get(), 0);
}

}  // namespace recurve::cuda
