// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_MODEL_LINK_LAYOUT_H_
#define RECURVE_PLANNER_SERVICE_MODEL_LINK_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "planner_service/model/alignment.h"
#include "planner_service/model/cell.h"

namespace recurve {

// The state of a stack of layers: the cell's S tensors [B, H] per layer, each aligned.
class StateLayout {
 public:
  StateLayout(Cell cell, int64_t layers, int64_t batch, int64_t hidden)
      : tensors_(GeometryOf(cell).states),
        tensor_bytes_(AlignUp(batch * hidden * static_cast<int64_t>(sizeof(float)))),
        bytes_(tensors_ * layers * tensor_bytes_) {}

  int64_t bytes() const { return bytes_; }
  const float* h(const std::byte* state, int64_t layer) const { return At(state, layer, 0); }
  // Writes the addresses of a layer's tensors.
  void Fill(const std::byte* state, int64_t layer, const float** tensors) const {
    for (int i = 0; i < tensors_; ++i) tensors[i] = At(state, layer, i);
  }
  void Fill(std::byte* state, int64_t layer, float** tensors) const {
    for (int i = 0; i < tensors_; ++i) tensors[i] = const_cast<float*>(At(state, layer, i));
  }

 private:
  const float* At(const std::byte* state, int64_t layer, int tensor) const {
    return reinterpret_cast<const float*>(state + (layer * tensors_ + tensor) * tensor_bytes_);
  }
  int tensors_;
  int64_t tensor_bytes_, bytes_;
};

// The tape of a link of at most k steps: per layer, the activations [k, B, A H] and the states between the steps, S
// tensors [k-1, B, H], each aligned. A shorter link uses the front of each.
class TapeLayout {
 public:
  TapeLayout(Cell cell, int64_t layers, int64_t link, int64_t batch, int64_t hidden)
      : tensors_(GeometryOf(cell).states),
        gates_bytes_(Aligned(link * batch * GeometryOf(cell).tape * hidden)),
        states_bytes_(Aligned((link - 1) * batch * hidden)),
        bytes_(layers * LayerBytes()) {}

  int64_t bytes() const { return bytes_; }
  float* gates(std::byte* tape, int64_t layer) const { return At(tape + layer * LayerBytes()); }
  float* h(std::byte* tape, int64_t layer) const { return At(tape + layer * LayerBytes() + gates_bytes_); }
  template <class Float>  // float or const float
  void Fill(std::byte* tape, int64_t layer, Float** tensors) const {
    for (int i = 0; i < tensors_; ++i) {
      tensors[i] = At(tape + layer * LayerBytes() + gates_bytes_ + i * states_bytes_);
    }
  }

 private:
  static int64_t Aligned(int64_t floats) { return AlignUp(floats * static_cast<int64_t>(sizeof(float))); }
  static float* At(std::byte* address) { return reinterpret_cast<float*>(address); }
  int64_t LayerBytes() const { return gates_bytes_ + tensors_ * states_bytes_; }
  int tensors_;
  int64_t gates_bytes_, states_bytes_, bytes_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_LINK_LAYOUT_H_
