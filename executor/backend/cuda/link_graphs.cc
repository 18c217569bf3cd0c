// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/link_graphs.h"

#include "executor/backend/cuda/cuda_device.h"
#include "executor/backend/cuda/cuda_status.h"

namespace recurve::cuda {
namespace {

// Null if the capture fails; the error recurs when the steps are enqueued one by one.
GraphExec Capture(cudaStream_t stream, const std::function<absl::Status()>& enqueue) {
  const MutexLock lock(DeviceWideMutex());
  // Thread-local mode lets other threads keep allocating and copying.
  if (cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) != cudaSuccess) return nullptr;
  const absl::Status enqueued = enqueue();
  cudaGraph_t captured = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream, &captured);
  const Graph graph(captured);
  if (!enqueued.ok() || ended != cudaSuccess || graph == nullptr) return nullptr;
  cudaGraphExec_t made = nullptr;
  if (cudaGraphInstantiate(&made, graph.get(), 0) != cudaSuccess) return nullptr;
  return GraphExec(made);
}

}  // namespace

absl::Status LinkGraphs::Run(const Key& key, cudaStream_t stream, const std::function<absl::Status()>& enqueue) {
  if (key.steps < kLeastSteps) return RunOneByOne(enqueue);
  const auto found = seen_.find(key);
  if (found == seen_.end()) {
    if (seen_.size() < kMostKeys) seen_.try_emplace(key);
    return RunOneByOne(enqueue);
  }
  Seen& seen = found->second;
  if (!seen.captured) {
    seen = {.captured = true, .graph = Capture(stream, enqueue)};
    ++(seen.graph != nullptr ? runs_.graphs : runs_.failed_graphs);
  }
  if (seen.graph == nullptr) return RunOneByOne(enqueue);
  ++runs_.graph_launches;
  return ToStatus(cudaGraphLaunch(seen.graph.get(), stream), "launch a link");
}

absl::Status LinkGraphs::RunOneByOne(const std::function<absl::Status()>& enqueue) {
  ++runs_.one_by_one;
  return enqueue();
}

}  // namespace recurve::cuda
