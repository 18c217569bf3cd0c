// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/persistent_turns.h"

#include <map>

#include "absl/base/thread_annotations.h"
#include "planner_service/process/mutex.h"

namespace recurve::cuda {
namespace {

// The last persistent kernel of a device: its stream and an event recorded after it.
struct Last {
  cudaStream_t stream = nullptr;
  cudaEvent_t end = nullptr;  // never freed: the device's context may be destroyed before static objects
};

struct Turns {
  Mutex mutex;
  std::map<int, Last> last ABSL_GUARDED_BY(mutex);  // by device
};

Turns& AllTurns() {
  static auto& turns = *new Turns;
  return turns;
}

}  // namespace

cudaError_t TakeTurn(cudaStream_t stream, const std::function<cudaError_t()>& start) {
  int device = 0;
  if (const cudaError_t error = cudaGetDevice(&device); error != cudaSuccess) return error;
  Turns& turns = AllTurns();
  const MutexLock lock(turns.mutex);
  Last& last = turns.last[device];
  cudaError_t error = cudaSuccess;
  if (last.end == nullptr) error = cudaEventCreateWithFlags(&last.end, cudaEventDisableTiming);
  if (error == cudaSuccess && last.stream != stream) error = cudaStreamWaitEvent(stream, last.end, 0);
  if (error == cudaSuccess) error = start();
  if (error == cudaSuccess) error = cudaEventRecord(last.end, stream);
  if (error == cudaSuccess) last.stream = stream;
  return error;
}

}  // namespace recurve::cuda
