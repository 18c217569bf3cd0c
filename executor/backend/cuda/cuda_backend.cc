// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/cuda_backend.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/backend/adamw_factors.h"
#include "executor/backend/cuda/cell_weight_gradient.h"
#include "executor/backend/cuda/cuda_device.h"
#include "executor/backend/cuda/cuda_handles.h"
#include "executor/backend/cuda/cuda_memory.h"
#include "executor/backend/cuda/cuda_status.h"
#include "executor/backend/cuda/footprints.h"
#include "executor/backend/cuda/kernels.h"
#include "executor/backend/cuda/products.h"
#include "executor/backend/cuda/recurrence.h"
#include "executor/backend/cuda/side_work.h"
#include "executor/backend/cuda/staging_ring.h"
#include "executor/backend/cuda/transfers.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kFloatBytes = sizeof(float);

// The backend's own device memory: one allocation, in this order.
constexpr int64_t kMainWorkspaceBytes = int64_t{32}
                                        << 20;  // for cuBLAS; NVIDIA's recommendation for compute capability 9.0
constexpr int64_t kSideWorkspaceBytes = int64_t{16} << 20;  // the same, for the side stream
constexpr int64_t kScratchBytes = kCudaScratchBytes;        // per stream
static_assert(kMainWorkspaceBytes + kSideWorkspaceBytes + 2 * kScratchBytes == kCudaBackendBytes);

// Declared in the order of construction.
struct Parts {
  cuda::Device device;
  std::unique_ptr<DeviceMemory> memory;  // kCudaBackendBytes
  cuda::StagingRing staging;
  cuda::Stream stream;
  cuda::Transfers transfers;
  cuda::SideWork side;
  cuda::Products main_products;
  cuda::Products side_products;
};

cuda::Scratch MainScratch(DeviceMemory& memory) {
  return {memory.data() + kMainWorkspaceBytes + kSideWorkspaceBytes, kScratchBytes};
}
cuda::Scratch SideScratch(DeviceMemory& memory) { return {MainScratch(memory).data + kScratchBytes, kScratchBytes}; }

class CudaBackend final : public Backend {
 public:
  CudaBackend(Parts parts, const CudaOptions& options)
      : parts_(std::move(parts)),
        precision_(options.precision),
        scratch_(reinterpret_cast<float*>(MainScratch(*parts_.memory).data)),
        recurrence_(parts_.main_products, parts_.device, options.persistent, parts_.stream.get(),
                    MainScratch(*parts_.memory)) {}
  CudaBackend(const CudaBackend&) = delete;
  CudaBackend& operator=(const CudaBackend&) = delete;

  // The staging memory must outlive the stream's reads of it.
  ~CudaBackend() override {
    (void)cudaSetDevice(parts_.device.index);
    (void)cudaStreamSynchronize(stream());
    (void)cudaStreamSynchronize(parts_.side.stream());
    (void)parts_.transfers.Synchronize();
  }

  std::string Describe() const override {
    return absl::StrCat("cuda (device ", parts_.device.index, ", ", parts_.device.name, ", sm_",
                        parts_.device.capability, ", ", std::string(ToString(precision_)), ")");
  }

  int64_t OwnBytes() const override { return kCudaBackendBytes; }
  int64_t MostLinkRows() const override { return 16384; }  // fewer leave multiprocessors idle in products
  int64_t ChunkRows() const override { return 4096; }      // with fewer, launches take longer than the kernels
  LinkRuns CountLinkRuns() const override { return recurrence_.link_runs(); }

  absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) override {
    return cuda::AllocateCudaMemory(parts_.device.index, bytes);
  }

  void Upload(const void* host, int64_t bytes, void* device) override {
    Enter();
    Check(parts_.staging.Upload(host, bytes, device, stream()), "upload");
  }

  void Download(const void* device, int64_t bytes, void* host) override {
    if (bytes == 0) return;
    Enter();
    Check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream()), "download");
    Check(cudaStreamSynchronize(stream()), "download");
    // NaNs, so that stale memory is not mistaken for a result.
    if (!failure_.ok()) std::memset(host, 0xFF, bytes);
  }

  void Copy(const void* from, int64_t bytes, void* to) override {
    if (bytes == 0) return;
    EnterBeside(cuda::Footprint().Reads(from, bytes).Writes(to, bytes));
    Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream()), "copy");
  }

  void Zero(void* device, int64_t bytes) override {
    if (bytes == 0) return;
    EnterBeside(cuda::Footprint().Writes(device, bytes));
    Check(cudaMemsetAsync(device, 0, bytes, stream()), "zero");
  }

  absl::Status Synchronize() override {
    Enter();
    Check(cudaStreamSynchronize(stream()), "synchronize");
    Check(parts_.transfers.Synchronize(), "synchronize transfers");
    return std::exchange(failure_, absl::OkStatus());
  }

  absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHost(int64_t bytes) override {
    return cuda::AllocatePinnedMemory(parts_.device.index, bytes);
  }

  Transfer StartStore(const void* device, int64_t bytes, void* host) override {
    EnterBeside(cuda::Footprint().Reads(device, bytes));
    Check(parts_.transfers.Start(device, bytes, host, cudaMemcpyDeviceToHost, stream()), "store on the host");
    return parts_.transfers.last();
  }

  Transfer StartFetch(const void* host, int64_t bytes, void* device) override {
    EnterBeside(cuda::Footprint().Writes(device, bytes));
    Check(parts_.transfers.Start(host, bytes, device, cudaMemcpyHostToDevice, stream()), "fetch from the host");
    return parts_.transfers.last();
  }

  void Await(Transfer transfer) override {
    UseDevice();  // accesses no memory itself
    Check(parts_.transfers.Await(transfer, stream()), "await a transfer");
  }

  // cuBLAS reads weights as stored, transposed or not. Packing only aligns the rows and rounds to bf16.
  int64_t PackedBytes(Packing /*packing*/, int64_t rows, int64_t cols) const override {
    return AlignUp(rows * cuda::OperandStride(element(), cols) * cuda::BytesOf(element()));
  }

  void Pack(Packing /*packing*/, const float* w, int64_t rows, int64_t cols, void* packed) override {
    Enter();
    Check(cuda::MakeOperand(rows, cols, w, cols, Packed(packed, cols), stream()), "pack");
  }

  // Transposed for the forward, so that a product sums along rows.
  int64_t PackedRecurrentBytes(Cell cell, Packing packing, int64_t H) const override {
    const int64_t width = GeometryOf(cell).gates * H;
    return packing == Packing::kForward ? PackedBytes(packing, width, H) : PackedBytes(packing, H, width);
  }

  void PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) override {
    const int64_t width = GeometryOf(cell).gates * H;
    if (packing == Packing::kBackward) return Pack(packing, w, H, width, packed);
    Enter();
    Check(cuda::MakeTransposedOperand(H, width, w, width, Packed(packed, H), stream()), "pack");
  }

  void LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward, const float* bias,
                     float* y, int64_t stride) override {
    EnterBeside(cuda::Footprint()
                    .ReadsFloats(x, n * in)
                    .Reads(w_forward, PackedBytes(Packing::kForward, in, out))
                    .ReadsFloats(bias, out)
                    .WritesFloats(y, cuda::SpanOfRows(n, out, stride)));
    if (bias != nullptr) Check(cuda::BroadcastRow(n, out, bias, y, stride, stream()), "bias");
    Check(parts_.main_products.TimesWeights(n, in, out, {x, in}, {Packed(w_forward, out)}, bias != nullptr, y, stride));
  }

  void LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, int64_t stride, const void* w_backward,
                           float* dx) override {
    EnterBeside(cuda::Footprint()
                    .ReadsFloats(dy, cuda::SpanOfRows(n, out, stride))
                    .Reads(w_backward, PackedBytes(Packing::kBackward, in, out))
                    .WritesFloats(dx, n * in));
    Check(parts_.main_products.TimesWeights(n, out, in, {dy, stride}, {Packed(w_backward, out), true}, false, dx, in));
  }

  void LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy, int64_t stride,
                            float* dw, float* dbias) override {
    EnterBeside(cuda::Footprint()
                    .ReadsFloats(x, n * in)
                    .ReadsFloats(dy, cuda::SpanOfRows(n, out, stride))
                    .WritesFloats(dw, in * out)
                    .WritesFloats(dbias, out));
    Check(parts_.main_products.AddWeightGradient(n, in, out, {x, in}, {dy, stride}, dw, out));
    if (dbias == nullptr) return;
    Check(cuda::AddColumnSums(n, out, dy, stride, scratch_, kScratchFloats, dbias, stream()), "bias gradient");
  }

  void ScatterAddRows(int64_t n, int64_t width, int64_t V, const int32_t* tokens, const float* x, int64_t stride,
                      float* table) override {
    EnterBeside(cuda::Footprint()
                    .Reads(tokens, n * static_cast<int64_t>(sizeof(int32_t)))
                    .ReadsFloats(x, cuda::SpanOfRows(n, width, stride))
                    .WritesFloats(table, V * width));
    Check(cuda::ScatterAddRows(n, width, V, tokens, x, stride, table, stream()), "scatter-add of rows");
  }

  void CellForward(const CellForwardArgs& args) override {
    EnterBeside(cuda::FootprintOf(args, PackedRecurrentBytes(args.cell, Packing::kForward, args.H)));
    Check(recurrence_.Forward(args));
  }

  void CellBackward(const CellBackwardArgs& args) override {
    EnterBeside(cuda::FootprintOf(args, PackedRecurrentBytes(args.cell, Packing::kBackward, args.H)));
    Check(recurrence_.Backward(args));
  }

  void CellWeightGradient(const CellWeightGradientArgs& args) override {
    UseDevice();
    Check(parts_.side.Begin(stream()), "begin side work");
    Check(cuda::AddCellWeightGradient(args, parts_.side_products, parts_.side.stream(), SideScratch(*parts_.memory)));
    Check(parts_.side.End(cuda::FootprintOf(args)), "end side work");
  }

  void LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta,
                        float* y) override {
    EnterBeside(cuda::Footprint()
                    .ReadsFloats(x, n * width)
                    .ReadsFloats(gamma, width)
                    .ReadsFloats(beta, width)
                    .WritesFloats(y, n * width));
    Check(cuda::LayerNormForward(n, width, x, gamma, beta, y, stream()), "layer norm");
  }

  // In parts of as many rows as have room for their statistics in the scratch memory.
  void LayerNormBackward(const LayerNormBackwardArgs& a) override {
    EnterBeside(cuda::Footprint()
                    .ReadsFloats(a.x, a.n * a.width)
                    .ReadsFloats(a.gamma, a.width)
                    .ReadsFloats(a.dy, a.n * a.width)
                    .WritesFloats(a.dx, a.n * a.width)
                    .WritesFloats(a.dgamma, a.width)
                    .WritesFloats(a.dbeta, a.width));
    const int64_t most_rows = (kScratchFloats - cuda::LayerNormFloats(0, a.width)) / cuda::LayerNormFloats(1, 0);
    for (int64_t row = 0; row < a.n; row += most_rows) {
      LayerNormBackwardArgs part = a;
      part.n = std::min(most_rows, a.n - row);
      part.x += row * a.width;
      part.dy += row * a.width;
      part.dx += row * a.width;
      Check(cuda::LayerNormBackward(part, scratch_, stream()), "layer norm backward");
    }
  }

  void Add(int64_t n, const float* x, float* y) override {
    EnterBeside(cuda::Footprint().ReadsFloats(x, n).WritesFloats(y, n));
    Check(cuda::Add(n, x, y, stream()), "add");
  }

  void Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y, bool add) override {
    EnterBeside(cuda::Footprint().ReadsFloats(x, n).WritesFloats(y, n));
    const cuda::DropoutArgs args{.n = n,
                                 .seed = mask.seed,
                                 .stream = mask.stream,
                                 .first_block = mask.offset / 4,
                                 .threshold = DropoutThreshold(mask.rate),
                                 .scale = 1.0f / (1.0f - mask.rate),
                                 .x = x,
                                 .y = y,
                                 .add = add};
    Check(cuda::Dropout(args, stream()), "dropout");
  }

  // In parts of as many rows as have room for their losses in the scratch memory.
  void SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale, float* logits,
                           double* loss) override {
    EnterBeside(cuda::Footprint()
                    .Reads(targets, n * static_cast<int64_t>(sizeof(int32_t)))
                    .WritesFloats(logits, n * V)
                    .Writes(loss, sizeof(double)));
    constexpr int64_t kMostRows = kScratchBytes / static_cast<int64_t>(sizeof(double));
    auto* losses = reinterpret_cast<double*>(scratch_);
    for (int64_t row = 0; row < n; row += kMostRows) {
      const int64_t rows = std::min(kMostRows, n - row);
      const cuda::SoftmaxArgs args{.n = rows,
                                   .V = V,
                                   .targets = targets + row,
                                   .gradient_scale = gradient_scale,
                                   .logits = logits + row * V,
                                   .losses = losses};
      Check(cuda::SoftmaxCrossEntropy(args, stream()), "softmax cross-entropy");
      Check(cuda::AddParts(rows, losses, loss, stream()), "sum of losses");
    }
  }

  void SumOfSquares(int64_t n, const float* x, double* sum) override {
    Enter();
    static_assert(cuda::kSquareParts * sizeof(double) <= kScratchBytes);
    Check(cuda::SumOfSquares(n, x, reinterpret_cast<double*>(scratch_), sum, stream()), "sum of squares");
  }

  void Sgd(const SgdArgs& a) override {
    Enter();
    const SgdFactors factors{a.gradient_scale, a.learning_rate, a.momentum_rate, a.weight_decay};
    Check(cuda::Sgd(a.n, factors, a.g, a.w, a.momentum, stream()), "SGD");
  }

  void AdamW(const AdamWArgs& a) override {
    Enter();
    const AdamWFactors factors = FactorsOf(a);
    Check(cuda::AdamW(a.n, factors, a.g, a.w, a.m, a.v, stream()), "AdamW");
  }

 private:
  static constexpr int64_t kScratchFloats = kScratchBytes / kFloatBytes;

  cudaStream_t stream() const { return parts_.stream.get(); }
  cuda::Element element() const { return parts_.main_products.element(); }

  // Weights [.., cols] packed by Pack.
  cuda::OperandRows Packed(const void* packed, int64_t cols) const {
    return {element(), const_cast<void*>(packed), cuda::OperandStride(element(), cols)};
  }

  // CUDA's current device is per thread, and each call may come from another thread.
  void UseDevice() { Check(cudaSetDevice(parts_.device.index), "use the device"); }

  // Each operation begins with one of these. Enter waits for all side work, EnterBeside only for conflicting work.
  void Enter() {
    UseDevice();
    if (parts_.side.busy()) Check(parts_.side.Join(stream()), "join");
  }
  void EnterBeside(const cuda::Footprint& footprint) {
    UseDevice();
    if (parts_.side.MustJoin(footprint)) Check(parts_.side.Join(stream()), "join");
  }

  // Keeps the first failure for Synchronize.
  void Check(absl::Status status) {
    if (!status.ok() && failure_.ok()) failure_ = std::move(status);
  }
  void Check(cudaError_t error, std::string_view what) { Check(cuda::ToStatus(error, what)); }

  Parts parts_;
  const Precision precision_;
  float* const scratch_;  // the main stream's, kScratchBytes
  cuda::Recurrence recurrence_;
  absl::Status failure_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(const CudaOptions& options) {
  ASSIGN_OR_RETURN(cuda::Device device, cuda::OpenDevice(options.device));
  ASSIGN_OR_RETURN(std::unique_ptr<DeviceMemory> memory, cuda::AllocateCudaMemory(device.index, kCudaBackendBytes));
  ASSIGN_OR_RETURN(cuda::StagingRing staging, cuda::StagingRing::Create());
  // The side stream's priority is the lowest, which is the default, so the main stream needs a higher one.
  cuda::Stream stream;
  RETURN_IF_ERROR(cuda::ToStatus(Create(cuda::Priority::kHighest, stream), "create a stream"));
  ASSIGN_OR_RETURN(cuda::Transfers transfers, cuda::Transfers::Create());
  ASSIGN_OR_RETURN(cuda::SideWork side, cuda::SideWork::Create());
  const cuda::Scratch main_workspace{memory->data(), kMainWorkspaceBytes};
  const cuda::Scratch side_workspace{main_workspace.data + kMainWorkspaceBytes, kSideWorkspaceBytes};
  ASSIGN_OR_RETURN(cuda::Products main_products,
                   cuda::Products::Create(options.precision, stream.get(), main_workspace, MainScratch(*memory)));
  ASSIGN_OR_RETURN(cuda::Products side_products,
                   cuda::Products::Create(options.precision, side.stream(), side_workspace, SideScratch(*memory)));
  return std::make_unique<CudaBackend>(Parts{.device = std::move(device),
                                             .memory = std::move(memory),
                                             .staging = std::move(staging),
                                             .stream = std::move(stream),
                                             .transfers = std::move(transfers),
                                             .side = std::move(side),
                                             .main_products = std::move(main_products),
                                             .side_products = std::move(side_products)},
                                       options);
}

}  // namespace recurve
