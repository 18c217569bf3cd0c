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
//
// Links may differ, as those of an encoder and of a decoder do. Link j reads state j and makes state j + 1; state N is
// what the last link makes.
class LinkModel {
 public:
  virtual ~LinkModel() = default;

  // Of the batch at hand. Sizes are multiples of kAlignment.
  virtual int64_t links() const = 0;                     // N
  virtual int64_t state_bytes(int64_t state) const = 0;  // of state 0..N
  virtual int64_t tape_bytes(int64_t link) const = 0;    // of link 0..N-1
  // At least as large as every state, and every tape, of any batch: what a block that is used for all of them has.
  virtual int64_t max_state_bytes() const = 0;
  virtual int64_t max_tape_bytes() const = 0;

  // Whether links differ in size or in time; planning them takes longer, for at most kMaxMixedLinks links.
  virtual bool links_differ() const { return false; }
  // Time of a link relative to the others; the mean over all links is 1.
  virtual double relative_time(int64_t /*link*/) const { return 1; }

  // Runs link `link` from `state_in` to `state_out`. With `keep_tape`, `tape` holds afterwards what Backward needs
  // beyond the two states; without, it is scratch. Blocks are at least as large as the state, or the tape, that they
  // are for; nothing is written beyond its size.
  virtual void Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
                       bool keep_tape) = 0;

  // Adds the link's part to the gradients of the weights and to the loss. `state_gradient` is a block of
  // max_state_bytes; in, its first state_bytes(link + 1) bytes are the gradient of `state_out` from the links after
  // this one; out, its first state_bytes(link) bytes are the gradient of `state_in`. The rest of it means nothing.
  // Spoils `tape`.
  virtual void Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                        std::byte* state_gradient) = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_LINK_MODEL_H_
