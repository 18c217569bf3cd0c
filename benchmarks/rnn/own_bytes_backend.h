// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_BENCHMARKS_RNN_OWN_BYTES_BACKEND_H_
#define RECURVE_BENCHMARKS_RNN_OWN_BYTES_BACKEND_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "executor/backend/forwarding_backend.h"

namespace recurve {

// A backend that reports memory of its own, as GPU backends do, so that budgets for a GPU can be tried on the CPU.
class OwnBytesBackend final : public ForwardingBackend {
 public:
  OwnBytesBackend(std::unique_ptr<Backend> inner, int64_t own_bytes)
      : ForwardingBackend(std::move(inner)), own_bytes_(own_bytes) {}

  bool OnHost() const override { return false; }
  int64_t OwnBytes() const override { return own_bytes_; }

 private:
  const int64_t own_bytes_;
};

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_RNN_OWN_BYTES_BACKEND_H_
