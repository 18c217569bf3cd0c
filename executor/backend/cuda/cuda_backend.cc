// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/cuda_backend.h"

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/backend/cuda/cuda_device.h"
#include "executor/backend/cuda/cuda_handles.h"
#include "executor/backend/cuda/cuda_memory.h"
#include "executor/backend/cuda/cuda_status.h"
#include "executor/backend/cuda/kernels.h"
#include "executor/backend/cuda/staging_ring.h"
#include "executor/backend/cuda/transfers.h"

namespace recurve {
namespace {

constexpr int64_t kFloatBytes = sizeof(float);

// What the backend holds of the device for itself, in this order in one allocation.
constexpr int64_t kWorkspaceBytes = int64_t{32} << 20;  // cuBLAS's, as NVIDIA advises for compute capability 9.0
constexpr int64_t kScratchBytes = int64_t{16} << 20;    // see LstmForward, SoftmaxCrossEntropy, SumOfSquares
static_assert(kWorkspaceBytes + kScratchBytes == kCudaBackendBytes);

// A row-major matrix in a product, taken as it lies in memory or transposed.
struct Factor {
  const float* data;
  bool transposed = false;
};

// What a backend is made of. Declared in the order of making; dies in the reverse.
struct Parts {
  cuda::Device device;
  std::unique_ptr<DeviceMemory> memory;  // kCudaBackendBytes
  cuda::StagingRing staging;
  cuda::Stream stream;
  cuda::Transfers transfers;
  cuda::Blas blas;
};

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(Parts parts)
      : parts_(std::move(parts)), scratch_(reinterpret_cast<float*>(parts_.memory->data() + kWorkspaceBytes)) {}
  CudaBackend(const CudaBackend&) = delete;
  CudaBackend& operator=(const CudaBackend&) = delete;

  // The staging memory must not go before the stream has read it.
  ~CudaBackend() override {
    (void)cudaSetDevice(parts_.device.index);
    (void)cudaStreamSynchronize(stream());
    (void)parts_.transfers.Synchronize();
  }

  std::string Describe() const override {
    return absl::StrCat("cuda (device ", parts_.device.index, ", ", parts_.device.name, ", sm_",
                        parts_.device.capability, ")");
  }

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
    // NaNs, so that nobody takes what the memory held for a result.
    if (!failure_.ok()) std::memset(host, 0xFF, bytes);
  }

  void Copy(const void* from, int64_t bytes, void* to) override {
    if (bytes == 0) return;
    Enter();
    Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream()), "copy");
  }

  void Zero(void* device, int64_t bytes) override {
    if (bytes == 0) return;
    Enter();
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
    Enter();
    Check(parts_.transfers.Start(device, bytes, host, cudaMemcpyDeviceToHost, stream()), "store on the host");
    return parts_.transfers.last();
  }

  Transfer StartFetch(const void* host, int64_t bytes, void* device) override {
    Enter();
    Check(parts_.transfers.Start(host, bytes, device, cudaMemcpyHostToDevice, stream()), "fetch from the host");
    return parts_.transfers.last();
  }

  void Await(Transfer transfer) override {
    Enter();
    Check(parts_.transfers.Await(transfer, stream()), "await a transfer");
  }

  // cuBLAS takes weights as they are, transposed or not.
  int64_t PackedBytes(Packing /*packing*/, int64_t rows, int64_t cols) const override {
    return AlignUp(rows * cols * kFloatBytes);
  }

  void Pack(Packing /*packing*/, const float* w, int64_t rows, int64_t cols, void* packed) override {
    Copy(w, rows * cols * kFloatBytes, packed);
  }

  void LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward, const float* bias,
                     float* y) override {
    Enter();
    if (bias != nullptr) Check(cuda::BroadcastRow(n, out, bias, y, stream()), "bias");
    Product(n, out, in, {x}, {static_cast<const float*>(w_forward)}, bias != nullptr, y);
  }

  void LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, const void* w_backward,
                           float* dx) override {
    Enter();
    Product(n, in, out, {dy}, {static_cast<const float*>(w_backward), true}, false, dx);
  }

  void LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy, float* dw,
                            float* dbias) override {
    Enter();
    Product(in, out, n, {x, true}, {dy}, true, dw);
    if (dbias != nullptr) Check(cuda::AddColumnSums(n, out, dy, dbias, stream()), "bias gradient");
  }

  void ScatterAddRows(int64_t n, int64_t width, const int32_t* tokens, const float* x, float* table) override {
    Enter();
    Check(cuda::ScatterAddRows(n, width, tokens, x, table, stream()), "scatter-add of rows");
  }

  // A step's recurrent product goes to the scratch memory, with a tape or without, for as many sequences at a time as
  // have room there. (One always has: a weight matrix for which it had not would take 16 TiB.)
  void LstmForward(const LstmForwardArgs& a) override {
    Enter();
    const int64_t H = a.H;
    const int64_t BH = a.B * H;
    const int64_t most_rows = kScratchBytes / (4 * H * kFloatBytes);
    for (int64_t t = 0; t < a.k; ++t) {
      const bool last = t == a.k - 1;
      const float* h_before = t == 0 ? a.h_first : a.h + (t - 1) * BH;
      const float* c_before = t == 0 ? a.c_first : a.c + (t - 1) * BH;
      float* h = last ? a.h_last : a.h + t * BH;
      float* c = last ? a.c_last : a.c + t * BH;
      for (int64_t row = 0; row < a.B; row += most_rows) {
        const int64_t rows = std::min(most_rows, a.B - row);
        const int64_t at = t * a.B + row;  // of the tensors that begin with [k, B]
        Product(rows, 4 * H, H, {h_before + row * H}, {static_cast<const float*>(a.recurrent)}, false, scratch_);
        const cuda::LstmForwardStep step{
            .rows = rows,
            .H = H,
            .product = scratch_,
            .projected = a.input.projected != nullptr ? a.input.projected + at * 4 * H : nullptr,
            .table = a.input.table,
            .tokens = a.input.projected != nullptr ? nullptr : a.input.tokens + at,
            .c_before = c_before + row * H,
            .gates = a.gates != nullptr ? a.gates + at * 4 * H : nullptr,
            .c = c + row * H,
            .h = h + row * H};
        Check(cuda::LstmForward(step, stream()), "LSTM forward");
      }
    }
  }

  void LstmBackward(const LstmBackwardArgs& a) override {
    Enter();
    const int64_t H = a.H;
    const int64_t BH = a.B * H;
    for (int64_t t = a.k - 1; t >= 0; --t) {
      float* gates = a.gates + t * 4 * BH;
      const cuda::LstmBackwardStep step{.rows = a.B,
                                        .H = H,
                                        .dh = a.dh,
                                        .dh_above = a.dh_above != nullptr ? a.dh_above + t * BH : nullptr,
                                        .c_before = t == 0 ? a.c_first : a.c + (t - 1) * BH,
                                        .c = t == a.k - 1 ? a.c_last : a.c + t * BH,
                                        .gates = gates,
                                        .dc = a.dc};
      Check(cuda::LstmBackward(step, stream()), "LSTM backward");
      Product(a.B, H, 4 * H, {gates}, {static_cast<const float*>(a.recurrent), true}, false, a.dh);
    }
  }

  void LstmWeightGradient(const LstmWeightGradientArgs& a) override {
    Enter();
    const int64_t H = a.H;
    Product(H, 4 * H, a.B, {a.h_first, true}, {a.dgates}, true, a.dw);
    if (a.k > 1) Product(H, 4 * H, (a.k - 1) * a.B, {a.h, true}, {a.dgates + a.B * 4 * H}, true, a.dw);
  }

  void Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y) override {
    Enter();
    const cuda::DropoutArgs args{.n = n,
                                 .seed = mask.seed,
                                 .stream = mask.stream,
                                 .first_block = mask.offset / 4,
                                 .threshold = DropoutThreshold(mask.rate),
                                 .scale = 1.0f / (1.0f - mask.rate),
                                 .x = x,
                                 .y = y};
    Check(cuda::Dropout(args, stream()), "dropout");
  }

  // For as many rows at a time as have room for their losses in the scratch memory.
  void SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale, float* logits,
                           double* loss) override {
    Enter();
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
    const auto step = static_cast<double>(a.step);
    const AdamWFactors factors{
        .gradient_scale = a.gradient_scale,
        .beta1 = a.beta1,
        .beta2 = a.beta2,
        .epsilon = a.epsilon,
        .mean_correction = static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(a.beta1), step))),
        .variance_correction = static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(a.beta2), step))),
        .learning_rate = a.learning_rate,
        .decay = a.learning_rate * a.weight_decay};
    Check(cuda::AdamW(a.n, factors, a.g, a.w, a.m, a.v, stream()), "AdamW");
  }

 private:
  cudaStream_t stream() const { return parts_.stream.get(); }

  // The current device is the calling thread's, and the caller may come on another thread each time.
  void Enter() { Check(cudaSetDevice(parts_.device.index), "use the device"); }

  // Keeps the first failure for Synchronize.
  template <class Error>
  void Check(Error error, std::string_view what) {
    if (absl::Status status = cuda::ToStatus(error, what); !status.ok() && failure_.ok()) failure_ = std::move(status);
  }

  // c [m, n] = a b, or c += a b; a is [m, depth] and b [depth, n] once transposed as they say, all row-major. cuBLAS,
  // which is column-major, sees each matrix transposed: it is asked for c^T = b^T a^T.
  void Product(int64_t m, int64_t n, int64_t depth, Factor a, Factor b, bool add, float* c) {
    if (m == 0 || n == 0) return;
    const float one = 1;
    const float beta = add ? 1 : 0;
    const auto operation = [](Factor factor) { return factor.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
    const int64_t a_stride = a.transposed ? m : depth;
    const int64_t b_stride = b.transposed ? depth : n;
    Check(cublasSgemm_64(parts_.blas.get(), operation(b), operation(a), n, m, depth, &one, b.data, b_stride, a.data,
                         a_stride, &beta, c, n),
          "product");
  }

  Parts parts_;
  float* const scratch_;  // kScratchBytes of parts_.memory; on one stream, so that each use is over before the next
  absl::Status failure_;
};

absl::StatusOr<cuda::Stream> MakeStream() {
  cudaStream_t stream = nullptr;
  const cudaError_t error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  if (error != cudaSuccess) return cuda::ToStatus(error, "create a stream");
  return cuda::Stream(stream);
}

// Single precision in all phases of a product; results that depend on nothing but the operands, which atomics and a
// workspace of changing size would break.
absl::StatusOr<cuda::Blas> MakeBlas(cudaStream_t stream, void* workspace) {
  cublasHandle_t handle = nullptr;
  if (const cublasStatus_t error = cublasCreate(&handle); error != CUBLAS_STATUS_SUCCESS) {
    return cuda::ToStatus(error, "start");
  }
  cuda::Blas blas(handle);
  cublasStatus_t error = cublasSetStream(handle, stream);
  // After the stream, which resets it.
  if (error == CUBLAS_STATUS_SUCCESS) error = cublasSetWorkspace(handle, workspace, kWorkspaceBytes);
  if (error == CUBLAS_STATUS_SUCCESS) error = cublasSetMathMode(handle, CUBLAS_PEDANTIC_MATH);
  if (error == CUBLAS_STATUS_SUCCESS) error = cublasSetAtomicsMode(handle, CUBLAS_ATOMICS_NOT_ALLOWED);
  if (error == CUBLAS_STATUS_SUCCESS) error = cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_HOST);
  if (error != CUBLAS_STATUS_SUCCESS) return cuda::ToStatus(error, "set up");
  return blas;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(const CudaOptions& options) {
  auto device = cuda::OpenDevice(options.device);
  if (!device.ok()) return device.status();
  auto memory = cuda::AllocateCudaMemory(device->index, kCudaBackendBytes);
  if (!memory.ok()) return memory.status();
  auto staging = cuda::StagingRing::Create();
  if (!staging.ok()) return staging.status();
  auto stream = MakeStream();
  if (!stream.ok()) return stream.status();
  auto transfers = cuda::Transfers::Create();
  if (!transfers.ok()) return transfers.status();
  auto blas = MakeBlas(stream->get(), (*memory)->data());
  if (!blas.ok()) return blas.status();
  return std::make_unique<CudaBackend>(Parts{.device = *std::move(device),
                                             .memory = *std::move(memory),
                                             .staging = *std::move(staging),
                                             .stream = *std::move(stream),
                                             .transfers = *std::move(transfers),
                                             .blas = *std::move(blas)});
}

}  // namespace recurve
