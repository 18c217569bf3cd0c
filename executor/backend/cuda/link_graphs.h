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

// The steps of links as CUDA graphs: one launch where there would be two or more for each step.
//
// The first time that steps with a key come, they are put on the stream one by one, which loads every kernel that they
// use; the second time they are captured; from then on the graph is launched. A graph has the same launches with the
// same parameters, so all three give the same bits. Steps that cannot be captured are put on the stream one by one.
// Not thread-safe.
class LinkGraphs {
 public:
  // Whatever the launches of a link depend on.
  struct Key {
    bool backward;
    Cell cell;
    int64_t steps, rows, H;
    const void* weights;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  // Has `enqueue` done on `stream`, on which alone it puts work; it must wait for nothing and allocate nothing.
  absl::Status Run(const Key& key, cudaStream_t stream, const std::function<absl::Status()>& enqueue);

  const LinkRuns& runs() const { return runs_; }

 private:
  static constexpr size_t kMostKeys = 512;   // 64 layers, forward and backward, with a few lengths of links
  static constexpr int64_t kLeastSteps = 4;  // fewer launches than these are not worth a graph

  struct Seen {
    bool captured = false;  // or tried
    GraphExec graph;        // null: steps are put on the stream one by one
  };

  absl::Status RunOneByOne(const std::function<absl::Status()>& enqueue);

  std::map<Key, Seen> seen_;
  LinkRuns runs_;
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_LINK_GRAPHS_H_
