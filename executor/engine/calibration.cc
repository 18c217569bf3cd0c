// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/calibration.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "executor/engine/arena.h"
#include "executor/model/language_model.h"

namespace recurve {
namespace {

constexpr int64_t kMinLinks = 4;  // in a measured stretch, where memory allows
constexpr int64_t kMaxLinks = 64;
constexpr int64_t kMaxStretchBytes = 96 << 20;  // larger than caches is large enough
constexpr int64_t kFixedPieces = 8;             // at least as many as TakeMemory takes besides tapes and states
constexpr int kMinRounds = 3;
constexpr int kMaxRounds = 9;
constexpr double kTargetSeconds = 0.4;  // no further round is begun after this

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

// A stretch of links with the memory to run it.
class Stretch {
 public:
  static absl::StatusOr<std::unique_ptr<Stretch>> Create(const CalibrationOptions& options, Backend& backend);

  struct Seconds {
    double batch = 0;  // once per batch
    double plain = 0;  // per link
    double taped = 0;
    double backward = 0;
  };
  absl::StatusOr<Seconds> Measure();

 private:
  Stretch(const CalibrationOptions& options, int64_t links, Backend& backend);
  absl::Status TakeMemory();
  void RunPlain();
  void RunTaped();
  void RunBackward();
  // Seconds since the last call, everything that was asked for being done.
  absl::StatusOr<double> Lap();

  const ModelConfig config_;
  const int64_t links_;
  const int64_t steps_;
  Backend& backend_;
  LanguageModel model_;
  std::unique_ptr<Arena> arena_;
  std::vector<std::byte*> states_;  // links + 1
  std::vector<std::byte*> tapes_;   // links
  std::byte* gradient_ = nullptr;
  std::chrono::steady_clock::time_point lap_;
};

SequenceShape StretchShape(const SequenceShape& shape, int64_t links) {
  return {.length = links * shape.link, .link = shape.link, .batch = shape.batch};
}

int64_t StretchBytes(const CalibrationOptions& options, int64_t links, Backend& backend) {
  const LanguageModel model(options.model, StretchShape(options.shape, links), LanguageModel::Use::kTraining, backend);
  const LanguageModel::Regions& needs = model.needs();
  return backend.OwnBytes() + needs.weights.used() + needs.gradients.used() + needs.batch.used() +
         needs.workspace.used() + (links + 2) * model.state_bytes() + links * model.tape_bytes();
}

int64_t StretchLinks(const CalibrationOptions& options, Backend& backend) {
  int64_t links = std::min(std::clamp<int64_t>(options.taped_in_a_row, kMinLinks, kMaxLinks), options.shape.links());
  const auto too_large = [&] {
    const int64_t bytes = StretchBytes(options, links, backend);
    return bytes > options.max_bytes || (links > kMinLinks && bytes > kMaxStretchBytes);
  };
  while (links > 1 && too_large()) --links;
  return links;
}

absl::StatusOr<std::unique_ptr<Stretch>> Stretch::Create(const CalibrationOptions& options, Backend& backend) {
  const int64_t links = StretchLinks(options, backend);
  std::unique_ptr<Stretch> stretch(new Stretch(options, links, backend));
  absl::StatusOr<std::unique_ptr<Arena>> arena =
      Arena::Create(backend, StretchBytes(options, links, backend), 2 * links + kFixedPieces);
  if (!arena.ok()) return arena.status();
  stretch->arena_ = *std::move(arena);
  if (absl::Status status = stretch->TakeMemory(); !status.ok()) return status;
  return stretch;
}

Stretch::Stretch(const CalibrationOptions& options, int64_t links, Backend& backend)
    : config_(options.model),
      links_(links),
      steps_(StretchShape(options.shape, links).length),
      backend_(backend),
      model_(config_, StretchShape(options.shape, links), LanguageModel::Use::kTraining, backend) {}

absl::Status Stretch::TakeMemory() {
  const LanguageModel::Regions& needs = model_.needs();
  model_.Bind({.weights = Region(arena_->Push(MemoryKind::kWeights, needs.weights.used())),
               .gradients = Region(arena_->Push(MemoryKind::kGradients, needs.gradients.used())),
               .batch = Region(arena_->Push(MemoryKind::kBatch, needs.batch.used())),
               .workspace = Region(arena_->Push(MemoryKind::kWorkspace, needs.workspace.used()))});
  gradient_ = arena_->Push(MemoryKind::kStates, model_.state_bytes());
  states_.push_back(arena_->Push(MemoryKind::kStates, model_.state_bytes()));
  for (int64_t link = 0; link < links_; ++link) {
    tapes_.push_back(arena_->Push(MemoryKind::kTapes, model_.tape_bytes()));
    states_.push_back(arena_->Push(MemoryKind::kStates, model_.state_bytes()));
  }
  if (states_.back() == nullptr) return absl::InternalError("the memory to measure link costs in is too small");

  const std::vector<float> block = ToBlock(InitialModel(config_, /*seed=*/1));
  backend_.Upload(block.data(), model_.layout().block_bytes(), model_.parameters());
  const int64_t tokens = model_.needs().batch.used() / 2 / static_cast<int64_t>(sizeof(int32_t));
  std::vector<int32_t> text(tokens);
  for (int64_t i = 0; i < tokens; ++i) text[i] = static_cast<int32_t>((i * 7919 + i / 13) % config_.vocabulary);
  const int64_t bytes = tokens * static_cast<int64_t>(sizeof(int32_t));
  backend_.Upload(text.data(), bytes, model_.inputs());
  backend_.Upload(text.data(), bytes, model_.targets());
  backend_.Zero(states_.front(), model_.state_bytes());
  return absl::OkStatus();
}

absl::StatusOr<double> Stretch::Lap() {
  if (absl::Status status = backend_.Synchronize(); !status.ok()) return status;
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - lap_).count();
  lap_ = now;
  return seconds;
}

void Stretch::RunPlain() {
  // As a sweep does: two states by turns, one tape as scratch.
  const std::byte* in = states_.front();
  for (int64_t link = 0; link < links_; ++link) {
    std::byte* out = link % 2 == 0 ? states_[1] : gradient_;
    model_.Forward(link, in, out, tapes_.front(), /*keep_tape=*/false);
    in = out;
  }
}

void Stretch::RunTaped() {
  for (int64_t link = 0; link < links_; ++link) {
    model_.Forward(link, states_[link], states_[link + 1], tapes_[link], /*keep_tape=*/true);
  }
}

void Stretch::RunBackward() {
  for (int64_t link = links_ - 1; link >= 0; --link) {
    model_.Backward(link, states_[link], states_[link + 1], tapes_[link], gradient_);
  }
}

absl::StatusOr<Stretch::Seconds> Stretch::Measure() {
  const auto links = static_cast<double>(links_);
  if (absl::StatusOr<double> start = Lap(); !start.ok()) return start.status();
  model_.SetDropoutStream(1, 0);
  model_.PrepareWeights();
  model_.BeginBatch(steps_, 1);
  const absl::StatusOr<double> begin = Lap();
  RunPlain();
  const absl::StatusOr<double> plain = Lap();
  backend_.Zero(gradient_, model_.state_bytes());
  RunTaped();
  const absl::StatusOr<double> taped = Lap();
  RunBackward();
  const absl::StatusOr<double> backward = Lap();
  model_.EndBatch();
  const absl::StatusOr<double> end = Lap();
  for (const auto* lap : {&begin, &plain, &taped, &backward, &end}) {
    if (!lap->ok()) return lap->status();
  }
  return Seconds{
      .batch = *begin + *end, .plain = *plain / links, .taped = *taped / links, .backward = *backward / links};
}

}  // namespace

absl::StatusOr<LinkCosts> Calibrate(const CalibrationOptions& options, Backend& backend) {
  const absl::StatusOr<std::unique_ptr<Stretch>> stretch = Stretch::Create(options, backend);
  if (!stretch.ok()) return stretch.status();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<double> batch, plain, taped, backward;
  for (int round = 0; round <= kMaxRounds; ++round) {
    const absl::StatusOr<Stretch::Seconds> seconds = (*stretch)->Measure();
    if (!seconds.ok()) return seconds.status();
    if (round == 0) continue;  // warms up
    batch.push_back(seconds->batch);
    plain.push_back(seconds->plain);
    taped.push_back(seconds->taped);
    backward.push_back(seconds->backward);
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (round >= kMinRounds && elapsed > kTargetSeconds) break;
  }
  const auto links = static_cast<double>(options.shape.links());
  const double missing_steps = static_cast<double>(options.shape.links() * options.shape.link - options.shape.length);
  const double present = 1.0 - missing_steps / (links * static_cast<double>(options.shape.link));
  LinkCosts costs;
  costs.forward_seconds = Median(plain);  // the last link is never run without tape
  costs.taped_forward_seconds = Median(taped) * present;
  costs.backward_seconds = Median(backward) * present + Median(batch) / links;
  return costs;
}

}  // namespace recurve
