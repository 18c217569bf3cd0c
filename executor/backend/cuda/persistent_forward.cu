// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/persistent_block.cuh"

namespace recurve::cuda {
namespace {

// Computes the steps of a block (KernelFinder). Pointers advance with the steps.
template <class C, class T, int M, int K, int I>
class ForwardBlock {
 public:
  using Launch = PersistentLaunch<CellForwardArgs>;

  __device__ ForwardBlock(const Launch& launch, float* shared)
      : plan_(launch.plan),
        a_(launch.args),
        place_(plan_, a_.B, a_.H),
        row_bytes_(a_.H * kElementBytes),
        product_(plan_, row_bytes_, place_.rows),
        partials_(shared),
        my_partials_(place_.row * (plan_.outputs + kPartialsPad) + place_.unit),
        item_partials_(place_.row_step * (plan_.outputs + kPartialsPad)),
        slot_(launch.exchange + place_.first_row * row_bytes_),
        publish_(Kept(place_.row * row_bytes_ + place_.column * kElementBytes)) {
    LoadWeights(launch.weights);
  }

  __device__ void Run() {
    Begin();
    const int steps = static_cast<int>(a_.k);
    const int64_t state_step = Kept(a_.B * a_.H);
    int64_t state = place_.at;                                   // of the first item, in tensors [k, B, H]
    int64_t gates = place_.sequence * W * a_.H + place_.column;  // the same, in gates and projected inputs
    for (int t = 0; t < steps; ++t) {
      float* const partials = partials_ + t % 2 * plan_.partial_floats;
      product_.Run(slot_, partials);
      __syncthreads();
      float tape[I][W];
#pragma unroll
      for (int i = 0; i < I; ++i) {
        if (t < live_steps_[i]) Step(i, partials + my_partials_ + i * item_partials_, tape[i]);
      }
      slot_ += plan_.slot_bytes;
      const bool last = t + 1 == steps;
      if (!last) Publish();  // first, because the team waits for it
      // The last iteration reloads unused values: a branch here would separate the loads from their use.
      Fetch(last ? t : t + 1, last ? gates : gates + W * state_step);
#pragma unroll
      for (int i = 0; i < I; ++i) {
        if (!place_.There(i)) continue;
#pragma unroll
        for (int s = 0; s < S; ++s) {
          (last ? a_.last[s] + place_.at : a_.inner[s] + state)[i * place_.at_step] = state_[i][s];
        }
        if (t < live_steps_[i]) StoreTape(gates + i * W * place_.at_step, tape[i]);
      }
      state += state_step;
      gates += W * state_step;
    }
  }

 private:
  static constexpr int S = Shape<C>::S;
  static constexpr int G = Shape<C>::G;
  static constexpr int W = Shape<C>::W;
  static constexpr CellGeometry kGeometry = Shape<C>::kGeometry;
  static constexpr int kElementBytes = 4 / Operand<T>::kInWord;

  __device__ void LoadWeights(const OperandRows& weights) {
    const auto* const first = static_cast<const std::byte*>(weights.data);
    product_.Load([&](int output) {
      const int64_t gate = output / plan_.units;
      return first + (gate * a_.H + place_.first_unit + output % plan_.units) * weights.stride * kElementBytes;
    });
  }

  // Loads what all steps share, and the state before the link.
  __device__ void Begin() {
    if constexpr (kGeometry.recurrent_bias) {
#pragma unroll
      for (int g = 0; g < G; ++g) bias_[g] = a_.recurrent_bias[g * a_.H + place_.column];
    }
#pragma unroll
    for (int i = 0; i < I; ++i) {
      const int64_t at = place_.at + i * place_.at_step;
      live_steps_[i] = place_.LiveSteps(a_, i);
      mask_[i] = a_.recurrent_mask != nullptr ? a_.recurrent_mask[at] : 1.0f;
#pragma unroll
      for (int s = 0; s < S; ++s) state_[i][s] = a_.first[s][at];
    }
    Publish();
    FetchTokens(0);
    Fetch(0, place_.sequence * W * a_.H + place_.column);
  }

  // Publishes h for the product of the step that reads slot_.
  __device__ void Publish() {
#pragma unroll
    for (int i = 0; i < I; ++i) {
      cuda::Publish<T>(slot_ + publish_ + i * place_.row_step * row_bytes_, state_[i][0] * mask_[i], place_.There(i));
    }
  }

  // Loads the inputs of step t, which arrive while the block waits for the team. `gates` is the offset of projected
  // ones.
  __device__ void Fetch(int t, int64_t gates) {
#pragma unroll
    for (int i = 0; i < I; ++i) {
      const float* input = a_.input.projected + gates + i * W * place_.at_step;
      if (a_.input.projected == nullptr) input = a_.input.table + int64_t{token_[i]} * G * a_.H + place_.column;
#pragma unroll
      for (int g = 0; g < G; ++g) input_[i][g] = input[g * a_.H];
    }
    FetchTokens(t + 1);
  }

  // Loads tokens one step early, because they address the rows of the table.
  __device__ void FetchTokens(int t) {
    if (a_.input.projected != nullptr) return;
#pragma unroll
    for (int i = 0; i < I; ++i) {
      const int64_t at = t * a_.B + place_.sequence + i * place_.sequence_step;
      token_[i] = t < live_steps_[i] ? a_.input.tokens[at] : 0;
    }
  }

  __device__ void Step(int i, const float* partials, float (&tape)[W]) {
    float before[S];
    float p[G];
#pragma unroll
    for (int s = 0; s < S; ++s) before[s] = state_[i][s];
    SumPartials(plan_, partials, plan_.units, p);
    if constexpr (kGeometry.recurrent_bias) {
#pragma unroll
      for (int g = 0; g < G; ++g) p[g] += bias_[g];
    }
    C::Forward(input_[i], p, before, state_[i], tape);
  }

  __device__ void StoreTape(int64_t at, const float (&tape)[W]) {
    if constexpr (kGeometry.tape > 0) {
      if (a_.gates == nullptr) return;
#pragma unroll
      for (int g = 0; g < W; ++g) a_.gates[at + g * a_.H] = tape[g];
    }
  }

  const PersistentPlan& plan_;
  const CellForwardArgs& a_;
  const Place place_;
  const int64_t row_bytes_;  // of a slot
  WarpProduct<T, M, K> product_;
  float* const partials_;
  const int my_partials_;    // from the start of partials to the first item's
  const int item_partials_;  // from item to item
  std::byte* slot_;          // of the team
  const int64_t publish_;    // from its start to the first item's h
  int live_steps_[I];
  float state_[I][S];
  float input_[I][G];  // of the next step
  int32_t token_[I];   // of the step after it
  float mask_[I];
  float bias_[G];
};

}  // namespace

cudaError_t StartPersistent(const PersistentLaunch<CellForwardArgs>& launch, cudaStream_t stream) {
  return StartPersistentKernel<Direction::kForward, ForwardBlock>(launch, stream);
}

}  // namespace recurve::cuda
