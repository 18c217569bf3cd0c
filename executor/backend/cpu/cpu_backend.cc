// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cpu/cpu_backend.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/backend/adamw_factors.h"
#include "executor/backend/cpu/host_memory.h"
#include "executor/backend/cpu/instruction_sets.h"
#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/operation_parts.h"
#include "executor/backend/cpu/thread_pool.h"
#include "executor/backend/link_steps.h"
#include "planner_service/process/granted.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using cpu::CeilDiv;
using cpu::Kernels;
using cpu::Part;
using cpu::Range;

constexpr int kMaxThreads = 1024;
constexpr int64_t kCacheLine = 64;
// In elements: a cache line of any type, a multiple of every vector, whole Philox blocks.
constexpr int64_t kElementGrain = 64;
// Sums over elements or rows are computed in this many parts, however many threads there are, and added in order.
constexpr int64_t kParts = 64;

// Fused multiply-adds, or elements times their cost, below which waking another thread does not pay off.
constexpr int64_t kWorthSharing = 100'000;

// The same per thread: with less, a thread mostly waits for the others.
constexpr int64_t kWorthAThread = 25'000;

class CpuBackend final : public Backend {
 public:
  CpuBackend(std::string_view instruction_set, const Kernels& kernels, std::unique_ptr<cpu::ThreadPool> pool)
      : instruction_set_(instruction_set),
        kernels_(kernels),
        pool_(std::move(pool)),
        scratch_(pool_->size() * cpu::kScratchFloats + 16) {}

  std::string Describe() const override {
    return absl::StrCat("cpu (", instruction_set_, ", ", pool_->size(), pool_->size() == 1 ? " thread)" : " threads)");
  }

  absl::Status UseThreads(int threads) override {
    if (threads == pool_->size()) return absl::OkStatus();
    ASSIGN_OR_RETURN(pool_, cpu::ThreadPool::Create(threads));
    scratch_.resize(threads * cpu::kScratchFloats + 16);
    return absl::OkStatus();
  }

  bool OnHost() const override { return true; }
  int64_t OwnBytes() const override { return 0; }
  int64_t MostLinkRows() const override { return 2048; }  // larger links do not fit in the caches
  int64_t ChunkRows() const override { return 128; }

  absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) override {
    return cpu::AllocateHostMemory(bytes);
  }
  void Upload(const void* host, int64_t bytes, void* device) override { Copy(host, bytes, device); }
  void Download(const void* device, int64_t bytes, void* host) override { Copy(device, bytes, host); }
  void Copy(const void* from, int64_t bytes, void* to) override {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void Zero(void* device, int64_t bytes) override {
    for (int64_t done = 0; done < bytes && !stop_.Ask(done > 0 ? cpu::kOperationsBetweenStops : 0);) {
      const int64_t part = std::min(cpu::kBytesBetweenStops, bytes - done);
      std::memset(static_cast<std::byte*>(device) + done, 0, part);
      done += part;
    }
  }
  absl::Status Synchronize() override {
    return stop_.stopped() ? absl::CancelledError("cancelled within an operation") : absl::OkStatus();
  }
  void StopWhen(const std::function<bool()>* stop) override { stop_ = cpu::StopRequest(stop); }

  // Transfers are synchronous copies: a separate thread would only take time from the computation.
  absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHost(int64_t bytes) override { return Allocate(bytes); }
  Transfer StartStore(const void* device, int64_t bytes, void* host) override {
    Copy(device, bytes, host);
    return {};
  }
  Transfer StartFetch(const void* host, int64_t bytes, void* device) override {
    Copy(host, bytes, device);
    return {};
  }
  void Await(Transfer /*transfer*/) override {}

  int64_t PackedBytes(Packing packing, int64_t rows, int64_t cols) const override {
    const int64_t depth = packing == Packing::kForward ? rows : cols;
    const int64_t width = packing == Packing::kForward ? cols : rows;
    return FloatBytes(depth * Strips(width) * kernels_.lanes);
  }

  void Pack(Packing packing, const float* w, int64_t rows, int64_t cols, void* packed) override {
    const bool forward = packing == Packing::kForward;
    const cpu::PackArgs args{.w = w,
                             .depth = forward ? rows : cols,
                             .width = forward ? cols : rows,
                             .depth_stride = forward ? cols : 1,
                             .width_stride = forward ? 1 : cols,
                             .packed = static_cast<float*>(packed)};
    Share(rows * cols, Strips(args.width), [&](Range strips) { kernels_.pack(args, strips); });
  }

  int64_t PackedRecurrentBytes(Cell cell, Packing /*packing*/, int64_t H) const override {
    return FloatBytes(GeometryOf(cell).gates * H * Strips(H) * kernels_.lanes);
  }

  void PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) override {
    const cpu::CellKernels& kernels = KernelsOf(cell);
    Share(H * GeometryOf(cell).gates * H, Strips(H),
          [&](Range strips) { kernels.pack_recurrent(packing, w, H, strips, static_cast<float*>(packed)); });
  }

  void LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward, const float* bias,
                     float* y, int64_t stride) override {
    Product(n, {.depth = in,
                .width = out,
                .x = x,
                .x_stride = in,
                .packed = static_cast<const float*>(w_forward),
                .bias = bias,
                .add = false,
                .y = y,
                .y_stride = stride});
  }

  void LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, int64_t stride, const void* w_backward,
                           float* dx) override {
    Product(n, {.depth = out,
                .width = in,
                .x = dy,
                .x_stride = stride,
                .packed = static_cast<const float*>(w_backward),
                .bias = nullptr,
                .add = false,
                .y = dx,
                .y_stride = in});
  }

  void LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy, int64_t stride,
                            float* dw, float* dbias) override {
    WeightGradient({.n = n,
                    .in = in,
                    .out = out,
                    .x_first = x,
                    .first_rows = n,
                    .x_rest = x,
                    .x_stride = in,
                    .dy = dy,
                    .dy_stride = stride,
                    .dw = dw,
                    .dw_stride = out,
                    .dbias = dbias});
  }

  void ScatterAddRows(int64_t n, int64_t width, int64_t /*V*/, const int32_t* tokens, const float* x, int64_t stride,
                      float* table) override {
    const cpu::ScatterAddArgs args{
        .n = n, .width = width, .tokens = tokens, .x = x, .x_stride = stride, .table = table};
    Share(
        n * width, width, [&](Range columns) { kernels_.scatter_add_rows(args, columns); }, kElementGrain);
  }

  void CellForward(const CellForwardArgs& args) override {
    const int64_t steps = cpu::UnitsBetweenStops(CellWork(args.cell, args.B, args.H));
    for (int64_t begin = 0; begin < args.k; begin += steps) {
      const CellForwardArgs part = StepsOfLink(args, begin, std::min(args.k, begin + steps));
      Share(CellWork(args.cell, part.k * args.B, args.H), args.B,
            [&](Range rows) { KernelsOf(args.cell).forward(part, rows); });
    }
  }

  void CellBackward(const CellBackwardArgs& args) override {
    const int64_t steps = cpu::UnitsBetweenStops(CellWork(args.cell, args.B, args.H));
    for (int64_t end = args.k; end > 0; end = std::max<int64_t>(0, end - steps)) {
      const CellBackwardArgs part = StepsOfLink(args, std::max<int64_t>(0, end - steps), end);
      Share(CellWork(args.cell, part.k * args.B, args.H), args.B,
            [&](Range rows) { KernelsOf(args.cell).backward(part, rows); });
    }
  }

  void CellWeightGradient(const CellWeightGradientArgs& args) override {
    const int64_t BH = args.B * args.H;
    for (int64_t t = 0; t < args.k && args.recurrent_mask != nullptr; ++t) {
      const float* h = t == 0 ? args.h_first : args.h + (t - 1) * BH;
      kernels_.multiply(h, args.recurrent_mask, args.masked + t * BH, {0, BH});
    }
    const auto [product, second] = cpu::RecurrentWeightGradients(args);
    WeightGradient(second);
    WeightGradient(product);
  }

  void LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta,
                        float* y) override {
    const cpu::LayerNormArgs args{.width = width, .x = x, .gamma = gamma, .beta = beta, .y = y};
    Share(n * width * 4, n, [&](Range rows) { kernels_.layer_norm(args, rows); });
  }

  void LayerNormBackward(const LayerNormBackwardArgs& args) override {
    Share(
        args.n * args.width * 4, args.width, [&](Range columns) { kernels_.layer_norm_weight_gradient(args, columns); },
        kElementGrain);
    Share(args.n * args.width * 8, args.n, [&](Range rows) { kernels_.layer_norm_input_gradient(args, rows); });
  }

  void Add(int64_t n, const float* x, float* y) override {
    Share(
        n, n, [&](Range elements) { kernels_.add(x, y, elements); }, kElementGrain);
  }

  void Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y, bool add) override {
    const cpu::DropoutArgs args{.seed = mask.seed,
                                .stream = mask.stream,
                                .first_block = mask.offset / 4,
                                .threshold = DropoutThreshold(mask.rate),
                                .scale = 1.0f / (1.0f - mask.rate),
                                .x = x,
                                .y = y,
                                .add = add};
    Share(
        n * 16, n, [&](Range elements) { kernels_.dropout(args, elements); }, kElementGrain);
  }

  void SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale, float* logits,
                           double* loss) override {
    const cpu::SoftmaxArgs args{.V = V, .targets = targets, .gradient_scale = gradient_scale, .logits = logits};
    *loss += SumOfParts(n * V * 16, n, 1, [&](Range rows) { return kernels_.softmax_cross_entropy(args, rows); });
  }

  void SumOfSquares(int64_t n, const float* x, double* sum) override {
    *sum += SumOfParts(n, n, kElementGrain, [&](Range elements) { return kernels_.sum_of_squares(x, elements); });
  }

  void Sgd(const SgdArgs& args) override {
    const SgdFactors factors{args.gradient_scale, args.learning_rate, args.momentum_rate, args.weight_decay};
    Share(
        args.n * 4, args.n, [&](Range elements) { kernels_.sgd(factors, args, elements); }, kElementGrain);
  }

  void AdamW(const AdamWArgs& args) override {
    const AdamWFactors factors = FactorsOf(args);
    Share(
        args.n * 8, args.n, [&](Range elements) { kernels_.adamw(factors, args, elements); }, kElementGrain);
  }

 private:
  static int64_t FloatBytes(int64_t n) { return AlignUp(n * static_cast<int64_t>(sizeof(float))); }
  const cpu::CellKernels& KernelsOf(Cell cell) const { return kernels_.cells[static_cast<size_t>(cell)]; }
  static int64_t CellWork(Cell cell, int64_t rows, int64_t H) { return rows * H * (GeometryOf(cell).gates * H + 100); }
  int64_t Strips(int64_t width) const { return CeilDiv(width, kernels_.lanes); }

  float* Scratch(int thread) {
    void* begin = scratch_.data();
    size_t space = scratch_.size() * sizeof(float);
    return static_cast<float*>(std::align(kCacheLine, kCacheLine, begin, space)) + thread * cpu::kScratchFloats;
  }

  // Calls f(thread, part) for parts of [0, n), one per thread, if `work` is large enough to share.
  template <class Function>
  void ShareByThread(int64_t work, int64_t n, const Function& f, int64_t grain) {
    if (n <= 0 || stop_.Ask(work)) return;
    const int64_t threads = work < kWorthSharing ? 1 : std::min<int64_t>(pool_->size(), CeilDiv(n, grain));
    const auto part = [&](int thread) {
      if (thread < threads) f(thread, Part(n, thread, threads, grain));
    };
    if (threads == 1) {
      pool_->RunHere(part);
    } else {
      pool_->Run(part);
    }
  }

  template <class Function>
  void Share(int64_t work, int64_t n, const Function& f, int64_t grain = 1) {
    ShareByThread(
        work, n, [&](int, Range part) { f(part); }, grain);
  }

  template <class Function>
  double SumOfParts(int64_t work, int64_t n, int64_t grain, const Function& f) {
    std::array<double, kParts> sums{};
    if (n <= 0) return 0;
    Share(work, kParts, [&](Range parts) {
      for (int64_t i = parts.begin; i < parts.end; ++i) sums[i] = f(Part(n, i, kParts, grain));
    });
    double sum = 0;
    for (const double part : sums) sum += part;
    return sum;
  }

  void Product(int64_t n, cpu::LinearArgs args) {
    const int64_t rows = cpu::RowsBetweenStops(args);
    for (int64_t begin = 0; begin < n; begin += rows) {
      ProductOfRows(std::min(rows, n - begin), args);
      args.x += rows * args.x_stride;
      args.y += rows * args.y_stride;
    }
  }

  // Splits the rows among threads, or the columns if there are too few rows to fill the threads' tiles.
  void ProductOfRows(int64_t n, const cpu::LinearArgs& args) {
    const int64_t work = n * args.width * (args.depth + 4);
    const int64_t strips = Strips(args.width);
    if (n >= kernels_.tile_rows * pool_->size() || strips < pool_->size()) {
      const int64_t grain = n >= 8 * kernels_.tile_rows * pool_->size() ? kernels_.tile_rows : 1;
      Share(
          work, n,
          [&](Range rows) {
            kernels_.linear(args, rows, {0, strips});
          },
          grain);
    } else {
      Share(work, strips, [&](Range part) { kernels_.linear(args, {0, n}, part); });
    }
  }

  void WeightGradient(const cpu::WeightGradientArgs& args) {
    const int64_t rows = cpu::RowsBetweenStops(args);
    for (int64_t begin = 0; begin < args.n; begin += rows) {
      WeightGradientOfRows(cpu::RowsOf(args, begin, std::min(args.n, begin + rows)));
    }
  }

  // Splits the columns of dw among threads, or its rows if there are too few columns.
  void WeightGradientOfRows(const cpu::WeightGradientArgs& args) {
    const int64_t work = args.n * args.in * args.out;
    const int64_t strips = Strips(args.out);
    const int64_t tiles = CeilDiv(args.in, kernels_.tile_rows);
    if (strips >= pool_->size() || strips >= tiles) {
      ShareByThread(
          work, strips,
          [&](int thread, Range part) {
            kernels_.weight_gradient(args, {0, tiles}, part, Scratch(thread));
          },
          1);
    } else {
      ShareByThread(
          work, tiles,
          [&](int thread, Range part) {
            kernels_.weight_gradient(args, part, {0, strips}, Scratch(thread));
          },
          1);
    }
  }

  const std::string instruction_set_;
  const Kernels& kernels_;
  std::unique_ptr<cpu::ThreadPool> pool_;
  std::vector<float> scratch_;  // see Scratch
  cpu::StopRequest stop_;
};

}  // namespace

ThreadChoice ChooseThreads(int asked, int64_t operations) {
  const int granted = std::min(GrantedProcessors(), kMaxThreads);
  const int useful = static_cast<int>(std::clamp<int64_t>(operations / kWorthAThread, 1, granted));
  if (asked <= useful) return {.threads = asked == 0 ? useful : asked};
  return {.threads = useful,
          .note = absl::StrCat("threads is ", asked, ": using ", useful, ", ",
                               useful == granted ? "the number of processors available to this process"
                                                 : "as many as an operation of this size can use",
                               "; more would wait for each other")};
}

absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(const CpuOptions& options) {
  if (options.threads < 0 || options.threads > kMaxThreads) {
    return absl::InvalidArgumentError(absl::StrCat("threads is ", options.threads, ": give 1 to ", kMaxThreads,
                                                   ", or 0 for one per processor available to this process"));
  }
  const int threads = options.threads != 0 ? options.threads : ChooseThreads(0).threads;
  std::string names;
  for (const cpu::InstructionSet& set : cpu::InstructionSets()) {
    if (set.kernels == nullptr) continue;
    if (options.instruction_set.empty() || options.instruction_set == set.name) {
      ASSIGN_OR_RETURN(std::unique_ptr<cpu::ThreadPool> pool, cpu::ThreadPool::Create(threads));
      return std::make_unique<CpuBackend>(set.name, *set.kernels, std::move(pool));
    }
    absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(set.name));
  }
  return absl::InvalidArgumentError(absl::StrCat("instruction set \"", options.instruction_set,
                                                 "\" is unavailable: this processor supports ", names));
}

}  // namespace recurve
