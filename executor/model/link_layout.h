// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_LINK_LAYOUT_H_
#define RECURVE_EXECUTOR_MODEL_LINK_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "executor/backend/backend.h"

namespace recurve {

// A state of a stack of LSTM layers: h [B, H] and c [B, H] of each layer, each aligned.
class StateLayout {
 public:
  StateLayout(int64_t layers, int64_t batch, int64_t hidden)
      : tensor_bytes_(AlignUp(batch * hidden * static_cast<int64_t>(sizeof(float)))),
        bytes_(2 * layers * tensor_bytes_) {}

  int64_t bytes() const { return bytes_; }
  const float* h(const std::byte* state, int64_t layer) const { return At(state, 2 * layer); }
  const float* c(const std::byte* state, int64_t layer) const { return At(state, 2 * layer + 1); }
  float* h(std::byte* state, int64_t layer) const { return const_cast<float*>(At(state, 2 * layer)); }
  float* c(std::byte* state, int64_t layer) const { return const_cast<float*>(At(state, 2 * layer + 1)); }

 private:
  const float* At(const std::byte* state, int64_t tensor) const {
    return reinterpret_cast<const float*>(state + tensor * tensor_bytes_);
  }
  int64_t tensor_bytes_, bytes_;
};

// The tape of a link of at most k steps: of each layer gates [k, B, 4H] and the states between the steps, h [k-1, B, H]
// and c [k-1, B, H], each aligned. A shorter link uses the front of each.
class TapeLayout {
 public:
  TapeLayout(int64_t layers, int64_t link, int64_t batch, int64_t hidden)
      : gates_bytes_(AlignUp(link * batch * 4 * hidden * static_cast<int64_t>(sizeof(float)))),
        states_bytes_(AlignUp((link - 1) * batch * hidden * static_cast<int64_t>(sizeof(float)))),
        bytes_(layers * LayerBytes()) {}

  int64_t bytes() const { return bytes_; }
  float* gates(std::byte* tape, int64_t layer) const { return At(tape + layer * LayerBytes()); }
  float* h(std::byte* tape, int64_t layer) const { return At(tape + layer * LayerBytes() + gates_bytes_); }
  float* c(std::byte* tape, int64_t layer) const {
    return At(tape + layer * LayerBytes() + gates_bytes_ + states_bytes_);
  }

 private:
  static float* At(std::byte* address) { return reinterpret_cast<float*>(address); }
  int64_t LayerBytes() const { return gates_bytes_ + 2 * states_bytes_; }
  int64_t gates_bytes_, states_bytes_, bytes_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_LINK_LAYOUT_H_
