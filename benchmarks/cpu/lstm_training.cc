// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/cpu/lstm_training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>

namespace recurve {
namespace {

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Adds the time from its construction to its destruction.
class Timer {
 public:
  explicit Timer(double* seconds) : seconds_(seconds), begin_(Now()) {}
  ~Timer() { *seconds_ += Now() - begin_; }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  double* const seconds_;
  const double begin_;
};

std::unique_ptr<DeviceMemory> AllocateOrExit(Backend& backend, int64_t bytes) {
  auto memory = backend.Allocate(bytes);
  if (!memory.ok()) {
    std::fprintf(stderr, "lstm_benchmark: %s\n", std::string(memory.status().message()).c_str());
    std::_Exit(1);
  }
  return *std::move(memory);
}

void FillRandom(Backend& backend, DeviceMemory& memory, float scale) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-scale, scale);
  std::vector<float> values(memory.size() / sizeof(float));
  for (float& v : values) v = uniform(random);
  backend.Upload(values.data(), memory.size(), memory.data());
}

}  // namespace

double LstmFlops(const LstmShape& s) {
  const double by_input = 2.0 * static_cast<double>(s.B * s.T * s.I * 4 * s.H);
  const double by_state = 2.0 * static_cast<double>(s.B * s.T * s.H * 4 * s.H);
  return 2 * by_input + 3 * by_state;
}

LstmTraining::LstmTraining(Backend& backend, const LstmShape& s) : backend_(backend), shape_(s) {
  const int64_t kFloat = sizeof(float);
  const int64_t G = 4 * s.H;
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(s.H)));  // as torch.nn.LSTM
  x_ = Random(s.T * s.B * s.I, 1);
  dy_ = Random(s.T * s.B * s.H, 1);
  w_input_ = Random(s.I * G, scale);
  w_recurrent_ = Random(s.H * G, scale);
  bias_ = Random(G, scale);
  dw_input_ = Uninitialised(s.I * G * kFloat);
  dw_recurrent_ = Uninitialised(s.H * G * kFloat);
  dbias_ = Uninitialised(G * kFloat);
  packed_input_ = Uninitialised(backend.PackedBytes(Packing::kForward, s.I, G));
  packed_forward_ = Uninitialised(backend.PackedRecurrentBytes(Cell::kLstm, Packing::kForward, s.H));
  packed_backward_ = Uninitialised(backend.PackedRecurrentBytes(Cell::kLstm, Packing::kBackward, s.H));
  gates_ = Uninitialised(s.T * s.B * G * kFloat);
  h_ = Uninitialised((s.T + 1) * s.B * s.H * kFloat);
  c_ = Uninitialised((s.T + 1) * s.B * s.H * kFloat);
  dh_ = Uninitialised(s.B * s.H * kFloat);
  dc_ = Uninitialised(s.B * s.H * kFloat);
}

float* LstmTraining::Uninitialised(int64_t bytes) {
  memory_.push_back(AllocateOrExit(backend_, bytes));
  return reinterpret_cast<float*>(memory_.back()->data());
}

float* LstmTraining::Random(int64_t count, float scale) {
  float* data = Uninitialised(count * static_cast<int64_t>(sizeof(float)));
  FillRandom(backend_, *memory_.back(), scale);
  return data;
}

void LstmTraining::Forward(int64_t t, int64_t k, LstmSeconds* seconds) {
  const auto& [B, H, I, T, link] = shape_;
  float* gates = gates_ + t * B * 4 * H;
  {
    const Timer timer(&seconds->input_projection);
    backend_.LinearForward(k * B, I, 4 * H, x_ + t * B * I, packed_input_, bias_, gates, 4 * H);
  }
  const Timer timer(&seconds->forward);
  const int64_t first = t * B * H;
  const int64_t last = (t + k) * B * H;
  backend_.CellForward({.cell = Cell::kLstm,
                        .k = k,
                        .B = B,
                        .H = H,
                        .input = {.projected = gates},
                        .recurrent = packed_forward_,
                        .first = {h_ + first, c_ + first},
                        .gates = gates,
                        .inner = {h_ + first + B * H, c_ + first + B * H},
                        .last = {h_ + last, c_ + last}});
}

void LstmTraining::BackwardLink(int64_t t, int64_t k, LstmSeconds* seconds) {
  const auto& [B, H, I, T, link] = shape_;
  float* gates = gates_ + t * B * 4 * H;
  const int64_t first = t * B * H;
  {
    const Timer timer(&seconds->backward);
    backend_.CellBackward({.cell = Cell::kLstm,
                           .k = k,
                           .B = B,
                           .H = H,
                           .recurrent = packed_backward_,
                           .dh_above = dy_ + first,
                           .gates = gates,
                           .first = {h_ + first, c_ + first},
                           .inner = {h_ + first + B * H, c_ + first + B * H},
                           .last = {h_ + (t + k) * B * H, c_ + (t + k) * B * H},
                           .d = {dh_, dc_}});
  }
  {
    const Timer timer(&seconds->recurrent_weight_gradient);
    backend_.CellWeightGradient({.cell = Cell::kLstm,
                                 .k = k,
                                 .B = B,
                                 .H = H,
                                 .h_first = h_ + first,
                                 .h = h_ + first + B * H,
                                 .gates = gates,
                                 .dw = dw_recurrent_});
  }
  const Timer timer(&seconds->input_weight_gradient);
  backend_.LinearWeightGradient(k * B, I, 4 * H, x_ + t * B * I, gates, 4 * H, dw_input_, dbias_);
}

LstmSeconds LstmTraining::Run() {
  const auto& [B, H, I, T, link] = shape_;
  const int64_t kFloat = sizeof(float);
  LstmSeconds seconds;
  const Timer timer(&seconds.total);
  {
    const Timer pack_timer(&seconds.pack);
    backend_.Pack(Packing::kForward, w_input_, I, 4 * H, packed_input_);
    backend_.PackRecurrent(Cell::kLstm, Packing::kForward, w_recurrent_, H, packed_forward_);
    backend_.PackRecurrent(Cell::kLstm, Packing::kBackward, w_recurrent_, H, packed_backward_);
  }
  backend_.Zero(h_, B * H * kFloat);
  backend_.Zero(c_, B * H * kFloat);
  const int64_t links = (T + link - 1) / link;
  for (int64_t i = 0; i < links; ++i) Forward(i * link, std::min(link, T - i * link), &seconds);
  backend_.Zero(dh_, B * H * kFloat);
  backend_.Zero(dc_, B * H * kFloat);
  backend_.Zero(dw_input_, I * 4 * H * kFloat);
  backend_.Zero(dw_recurrent_, H * 4 * H * kFloat);
  backend_.Zero(dbias_, 4 * H * kFloat);
  for (int64_t i = links - 1; i >= 0; --i) BackwardLink(i * link, std::min(link, T - i * link), &seconds);
  return seconds;
}

double PackedProductPeak(Backend& backend, int64_t n, int64_t depth, int64_t width) {
  const int64_t kFloat = sizeof(float);
  auto x = AllocateOrExit(backend, n * depth * kFloat);
  auto w = AllocateOrExit(backend, depth * width * kFloat);
  auto packed = AllocateOrExit(backend, backend.PackedBytes(Packing::kForward, depth, width));
  auto y = AllocateOrExit(backend, n * width * kFloat);
  FillRandom(backend, *x, 1);
  FillRandom(backend, *w, 1);
  backend.Pack(Packing::kForward, reinterpret_cast<float*>(w->data()), depth, width, packed->data());
  double best = 0;
  const double begin = Now();
  for (int i = 0; i < 10 || Now() - begin < 0.3; ++i) {
    double seconds = 0;
    {
      const Timer timer(&seconds);
      backend.LinearForward(n, depth, width, reinterpret_cast<float*>(x->data()), packed->data(), nullptr,
                            reinterpret_cast<float*>(y->data()), width);
    }
    best = std::max(best, 2.0 * static_cast<double>(n * depth * width) / seconds);
  }
  return best;
}

}  // namespace recurve
