// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_BACKEND_PRETENDING_BACKEND_H_
#define RECURVE_TESTS_EXECUTOR_BACKEND_PRETENDING_BACKEND_H_

#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "executor/backend/forwarding_backend.h"

namespace recurve {

// What a device reports about itself.
struct Pretence {
  bool on_host = true;
  int64_t own_bytes = 0;
  int64_t most_link_rows = 2048;
  int64_t chunk_rows = 128;
  LinkRuns link_runs;
  // Every forward of a link sleeps in every other round of calibration. A round of a one-layer model begins where the
  // recurrent weights are packed.
  bool stalls_every_other_round = false;
};

// Reports the capabilities of another device, and fills new memory with garbage.
class PretendingBackend final : public ForwardingBackend {
 public:
  PretendingBackend(std::unique_ptr<Backend> inner, const Pretence& pretence)
      : ForwardingBackend(std::move(inner)), pretence_(pretence) {}

  bool OnHost() const override { return pretence_.on_host; }
  int64_t OwnBytes() const override { return pretence_.own_bytes; }
  int64_t MostLinkRows() const override { return pretence_.most_link_rows; }
  int64_t ChunkRows() const override { return pretence_.chunk_rows; }
  LinkRuns CountLinkRuns() const override { return pretence_.link_runs; }
  absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) override {
    auto memory = inner().Allocate(bytes);
    if (memory.ok()) std::memset((*memory)->data(), 0xFF, bytes);
    return memory;
  }
  void PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) override {
    inner().PackRecurrent(cell, packing, w, H, packed);
    if (packing == Packing::kForward) ++rounds_;
  }
  void CellForward(const CellForwardArgs& args) override {
    if (pretence_.stalls_every_other_round && rounds_ % 2 == 0) std::this_thread::sleep_for(kStall);
    inner().CellForward(args);
  }

 private:
  static constexpr std::chrono::microseconds kStall{500};

  const Pretence pretence_;
  int64_t rounds_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_BACKEND_PRETENDING_BACKEND_H_
