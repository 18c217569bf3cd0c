// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_LINK_MODEL_H_
#define RECURVE_EXECUTOR_MODEL_LINK_MODEL_H_

#include <cstddef>
#include <cstdint>

#include "planner_service/model/sequence_shape.h"

namespace recurve {

// A recurrent model, as the engine sees it: a chain of links (planner_service/schedule/action.h) over blocks of bytes
// that mean something to the model only. All pointers are device addresses aligned to kAlignment; the blocks of one
// call do not overlap. What a link computes depends on its arguments, the batch and the weights alone, so recomputing
// it gives the same bits.
class LinkModel {
 public:
  virtual ~LinkModel() = default;

  virtual int64_t links() const = 0;        // N, of the batch at hand
  virtual int64_t state_bytes() const = 0;  // s, a multiple of kAlignment
  virtual int64_t tape_bytes() const = 0;   // a, of the longest link; a multiple of kAlignment

  // Runs link `link` from `state_in` to `state_out`. With `keep_tape`, `tape` holds afterwards what Backward needs
  // beyond the two states; without, it is scratch.
  virtual void Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
                       bool keep_tape) = 0;

  // Adds the link's part to the gradients of the weights and to the loss. `state_gradient`, in: gradient of `state_out`
  // from the links after this one; out: gradient of `state_in`. Spoils `tape`.
  virtual void Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                        std::byte* state_gradient) = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_LINK_MODEL_H_
