// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_LINK_GRAPHS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_LINK_GRAPHS_H_

#include <cuda_runtime_api.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/backend/cuda/cuda_handles.h"
#include "planner_service/model/cell.h"

namespace recurve::cuda {

// The steps of links as CUDA graphs: one launch replaces at least two per step.
//
// The first time a key appears, its steps are enqueued one by one, which loads all kernels. The second time they are
// captured; from then on the graph is launched. A graph contains the same launches with the same parameters, so results
// are bit-identical. Steps that cannot be captured are enqueued one by one. Not thread-safe.
class LinkGraphs {
 public:
  // Everything that the launches of a link depend on.
  struct Key {
    bool backward;
    Cell cell;
    int64_t steps, rows, H;
    const void* weights;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  // Runs the work of `enqueue`, which must put work only on `stream` and must neither wait nor allocate.
  absl::Status Run(const Key& key, cudaStream_t stream, const std::function<absl::Status()>& enqueue);

  const LinkRuns& runs() const { return runs_; }

 private:
  static constexpr size_t kMostKeys = 512;   // 64 layers, forward and backward, with a few link lengths
  static constexpr int64_t kLeastSteps = 4;  // fewer steps are not worth a graph

  struct Seen {
    bool captured = false;  // or attempted
    GraphExec graph;        // null: steps are enqueued one by one
  };

  absl::Status RunOneByOne(const std::function<absl::Status()>& enqueue);

  std::map<Key, Seen> seen_;
  LinkRuns runs_;
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_LINK_GRAPHS_H_
