// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/persistent_block.cuh"

namespace recurve::cuda {
namespace {

// Computes the steps of a block (KernelFinder), from the last to the first.
template <class C, class T, int M, int K, int I>
class BackwardBlock {
 public:
  using Launch = PersistentLaunch<CellBackwardArgs>;

  __device__ BackwardBlock(const Launch& launch, float* shared)
      : plan_(launch.plan),
        a_(launch.args),
        place_(plan_, a_.B, a_.H),
        row_bytes_(G * a_.H * kElementBytes),
        product_(plan_, row_bytes_, place_.rows),
        partials_(shared),
        slot_(launch.exchange + place_.first_row * row_bytes_),
        publish_(Kept(place_.row * row_bytes_ + place_.column * kElementBytes)) {
    const auto* const weights = static_cast<const std::byte*>(launch.weights.data);
    product_.Load(
        [&](int output) { return weights + (place_.first_unit + output) * launch.weights.stride * kElementBytes; });
  }

  __device__ void Run() {
    const int steps = static_cast<int>(a_.k);
    Begin(steps - 1);
    for (int t = steps - 1; t >= 0; --t) {
      if (t < steps - 1) AddProduct(t + 1);
      float dgates[I][W];
#pragma unroll
      for (int i = 0; i < I; ++i) Step(i, t < live_steps_[i], dgates[i]);
      Publish(dgates);  // first, because the team waits for it
      const int64_t gates = gates_;
      if (t > 0) {
        state_ -= a_.B * a_.H;
        gates_ -= W * a_.B * a_.H;
      }
      // The last iteration reloads unused values: a branch here would separate the loads from their use.
      Fetch(t > 0 ? t - 1 : 0);
#pragma unroll
      for (int i = 0; i < I; ++i) {
        if (place_.There(i)) StoreGradients(gates + i * W * place_.at_step, dgates[i]);
      }
    }
    AddProduct(0);
#pragma unroll
    for (int i = 0; i < I; ++i) {
      if (!place_.There(i)) continue;
#pragma unroll
      for (int s = 0; s < S; ++s) a_.d[s][place_.at + i * place_.at_step] = d_[i][s];
    }
  }

 private:
  static constexpr int S = Shape<C>::S;
  static constexpr int G = Shape<C>::G;
  static constexpr int A = Shape<C>::A;
  static constexpr int W = Shape<C>::W;
  static constexpr CellGeometry kGeometry = Shape<C>::kGeometry;
  static constexpr int kElementBytes = 4 / Operand<T>::kInWord;

  // Loads what all steps share, and the inputs of the last step.
  __device__ void Begin(int last) {
#pragma unroll
    for (int i = 0; i < I; ++i) {
      live_steps_[i] = place_.LiveSteps(a_, i);
#pragma unroll
      for (int s = 0; s < S; ++s) d_[i][s] = a_.d[s][place_.at + i * place_.at_step];
    }
    state_ = last * a_.B * a_.H + place_.at;
    gates_ = (last * a_.B + place_.sequence) * W * a_.H + place_.column;
    slot_ += last * plan_.slot_bytes;
    Fetch(last);
  }

  // Loads the inputs of step t, which arrive while the block waits for the team.
  __device__ void Fetch(int t) {
#pragma unroll
    for (int i = 0; i < I; ++i) {
      const int64_t item = i * place_.at_step;
#pragma unroll
      for (int g = 0; g < A; ++g) tape_[i][g] = a_.gates[gates_ + W * item + g * a_.H];
      const int64_t before = t == 0 ? place_.at : state_ - a_.B * a_.H;
      const int64_t after = t == a_.k - 1 ? place_.at : state_;
#pragma unroll
      for (int s = 0; s < S; ++s) {
        if (kGeometry.backward_reads_before >> s & 1) {
          before_[i][s] = (t == 0 ? a_.first[s] : a_.inner[s])[before + item];
        }
        if (kGeometry.backward_reads_after >> s & 1) {
          after_[i][s] = (t == a_.k - 1 ? a_.last[s] : a_.inner[s])[after + item];
        }
      }
      dh_above_[i] = a_.dh_above != nullptr ? a_.dh_above[state_ + item] : 0.0f;
    }
  }

  // Adds the product of step t, whose slot is slot_, to the gradient of h, and moves to the previous slot.
  __device__ void AddProduct(int t) {
    float* const partials = partials_ + t % 2 * plan_.partial_floats;
    product_.Run(slot_, partials);
    slot_ -= plan_.slot_bytes;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < I; ++i) {
      if (!place_.There(i)) continue;
      float product[1];
      SumPartials(plan_, partials + place_.RowOf(i) * (plan_.outputs + kPartialsPad) + place_.unit, 0, product);
      const float* const mask = a_.recurrent_mask;
      d_[i][0] = ScalarMath::Fma(product[0], mask != nullptr ? mask[place_.at + i * place_.at_step] : 1.0f, d_[i][0]);
    }
  }

  __device__ void Step(int i, bool live, float (&dgates)[W]) {
#pragma unroll
    for (int g = 0; g < W; ++g) dgates[g] = 0;
    if (!live) return;
    d_[i][0] += dh_above_[i];
    C::Backward(tape_[i], before_[i], after_[i], d_[i], dgates);
  }

  __device__ void Publish(const float (&dgates)[I][W]) {
#pragma unroll
    for (int i = 0; i < I; ++i) {
      std::byte* const to = slot_ + publish_ + i * place_.row_step * row_bytes_;
#pragma unroll
      for (int g = 0; g < G; ++g) {
        cuda::Publish<T>(to + g * a_.H * kElementBytes, dgates[i][kGeometry.recurrent_block + g], place_.There(i));
      }
    }
  }

  __device__ void StoreGradients(int64_t at, const float (&dgates)[W]) {
#pragma unroll
    for (int g = 0; g < W; ++g) a_.gates[at + g * a_.H] = dgates[g];
  }

  const PersistentPlan& plan_;
  const CellBackwardArgs& a_;
  const Place place_;
  const int64_t row_bytes_;  // of a slot
  WarpProduct<T, M, K> product_;
  float* const partials_;
  std::byte* slot_;        // of the team
  const int64_t publish_;  // from its start to the first item's first gate
  int64_t state_;          // the first item's states after the step, in tensors [k, B, H]
  int64_t gates_;          // its gates, in the gate buffer
  int live_steps_[I];
  float d_[I][S];
  float tape_[I][A > 0 ? A : 1];  // this and the following: of the next step
  float before_[I][S];
  float after_[I][S];
  float dh_above_[I];
};

}  // namespace

cudaError_t StartPersistent(const PersistentLaunch<CellBackwardArgs>& launch, cudaStream_t stream) {
  return StartPersistentKernel<Direction::kBackward, BackwardBlock>(launch, stream);
}

}  // namespace recurve::cuda
