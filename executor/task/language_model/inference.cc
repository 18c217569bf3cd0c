// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/inference.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/backend/pointwise.h"
#include "executor/engine/arena.h"
#include "executor/task/language_model/language_model.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr double kMostNats = 1e6;         // per byte; an untrained model has about 5.5
constexpr int64_t kBytes = 256;           // possible values of a byte
constexpr int64_t kEvaluationSteps = 32;  // per link: few, so that evaluation needs less memory than training
constexpr uint8_t kFirstByte = '\n';      // input before an empty prompt and before each line
constexpr uint32_t kSampleStream = 0x73616D70;

LanguageModel ReadingModel(const ModelConfig& config, int64_t steps, Backend& backend) {
  return {config, {.length = steps, .link = steps, .batch = 1}, LanguageModel::Use::kForwardOnly, backend};
}

// The memory of a Reader, without the backend's own: the model, two states and a scratch tape.
int64_t ReadingBytes(const LanguageModel& model) {
  const TrainableModel::Regions& needs = model.needs();
  return needs.weights.used() + needs.batch.used() + needs.workspace.used() + 2 * model.max_state_bytes() +
         model.max_tape_bytes();
}

// Runs a model forward over one sequence, link by link.
class Reader {
 public:
  static absl::StatusOr<std::unique_ptr<Reader>> Create(const TrainedLanguageModel& model, int64_t steps,
                                                        Backend& backend);

  // Reads steps() bytes.
  void Read(const int32_t* inputs);
  // Resets the state.
  void Restart() { backend_.Zero(state_, model_.max_state_bytes()); }
  // Reads steps() bytes and adds the loss in nats of their targets. Negative targets do not count.
  void ReadAndScore(const int32_t* inputs, const int32_t* targets);
  void Logits(float* logits);  // [V], of the next byte
  double Nats();
  int64_t steps() const { return steps_; }

 private:
  Reader(const TrainedLanguageModel& model, int64_t steps, Backend& backend)
      : backend_(backend), steps_(steps), model_(ReadingModel(model.config, steps, backend)) {}
  absl::Status TakeMemory(const TrainedLanguageModel& model);
  int64_t TokenBytes() const { return steps_ * static_cast<int64_t>(sizeof(int32_t)); }

  Backend& backend_;
  const int64_t steps_;
  LanguageModel model_;
  std::unique_ptr<Arena> arena_;
  std::byte* state_ = nullptr;
  std::byte* next_state_ = nullptr;
  std::byte* scratch_ = nullptr;  // scratch tape
};

absl::StatusOr<std::unique_ptr<Reader>> Reader::Create(const TrainedLanguageModel& model, int64_t steps,
                                                       Backend& backend) {
  if (model.config.vocabulary != kBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.vocabulary is ", model.config.vocabulary, "; must be ", kBytes, " to read bytes"));
  }
  std::unique_ptr<Reader> reader(new Reader(model, steps, backend));
  RETURN_IF_ERROR(reader->TakeMemory(model));
  return reader;
}

absl::Status Reader::TakeMemory(const TrainedLanguageModel& model) {
  const TrainableModel::Regions& needs = model_.needs();
  ASSIGN_OR_RETURN(arena_, Arena::Create(backend_, backend_.OwnBytes() + ReadingBytes(model_), /*pieces=*/6));
  model_.Bind({.weights = Region(arena_->Push(MemoryKind::kWeights, needs.weights.used())),
               .gradients = Region(),
               .batch = Region(arena_->Push(MemoryKind::kBatch, needs.batch.used())),
               .workspace = Region(arena_->Push(MemoryKind::kWorkspace, needs.workspace.used()))});
  state_ = arena_->Push(MemoryKind::kStates, model_.max_state_bytes());
  next_state_ = arena_->Push(MemoryKind::kStates, model_.max_state_bytes());
  scratch_ = arena_->Push(MemoryKind::kTapes, model_.max_tape_bytes());
  Restart();
  Upload(model.parameters, model_.layout(), backend_, model_.parameters());
  model_.PrepareWeights();
  model_.BeginBatch({.steps = steps_});
  return backend_.Synchronize();
}

void Reader::Read(const int32_t* inputs) {
  backend_.Upload(inputs, TokenBytes(), model_.tokens().inputs);
  model_.Forward(0, state_, next_state_, scratch_, /*keep_tape=*/false);
  std::swap(state_, next_state_);
}

void Reader::ReadAndScore(const int32_t* inputs, const int32_t* targets) {
  backend_.Upload(targets, TokenBytes(), model_.tokens().targets);
  Read(inputs);
  model_.AddLoss(0, state_, scratch_);
}

void Reader::Logits(float* logits) {
  backend_.Download(model_.Logits(state_), kBytes * static_cast<int64_t>(sizeof(float)), logits);
}

double Reader::Nats() {
  double nats = 0;
  backend_.Download(model_.loss(), sizeof(double), &nats);
  return nats;
}

// Weights read from a file are finite, so non-finite results come from large weights.
absl::Status NotFinite(const TrainedLanguageModel& model, const char* what) {
  float largest = 0;
  std::string name = "none";
  for (const NamedTensor& tensor : model.parameters) {
    for (const float value : tensor.values) {
      if (!(std::abs(value) > largest)) continue;
      largest = std::abs(value);
      name = tensor.name;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what,
                   " of the model is not finite or too large to be meaningful: its weights are too large"
                   ", up to ",
                   largest, " in tensor ", name));
}

// Scores a text piece by piece.
class Scorer {
 public:
  Scorer(Reader& reader, Backend& backend, const CancelCheck& cancelled, const EvaluationProgress& progress)
      : reader_(reader),
        backend_(backend),
        cancelled_(cancelled),
        progress_(progress),
        inputs_(reader.steps()),
        targets_(reader.steps()) {}

  // Each byte except the last is read and predicts the next one. `bytes` has at most one more than the reader's steps;
  // the remaining steps do not count.
  absl::Status Score(std::span<const uint8_t> bytes) {
    if (cancelled_ && cancelled_()) return absl::CancelledError("cancelled while evaluating");
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const bool within = i + 1 < bytes.size();
      inputs_[i] = within ? bytes[i] : 0;
      targets_[i] = within ? bytes[i + 1] : -1;
    }
    reader_.ReadAndScore(inputs_.data(), targets_.data());
    predictions_ += static_cast<int64_t>(bytes.size()) - 1;
    absl::Status status = backend_.Synchronize();
    if (status.ok() && progress_) progress_(predictions_);
    return status;
  }

  int64_t predictions() const { return predictions_; }
  absl::StatusOr<double> BitsPerByte(const TrainedLanguageModel& model) {
    const double nats = reader_.Nats();
    const bool sensible = nats < kMostNats * static_cast<double>(predictions_);  // false for NaN
    if (!sensible) return NotFinite(model, "the loss");
    return nats / static_cast<double>(predictions_) / std::numbers::ln2;
  }

 private:
  Reader& reader_;
  Backend& backend_;
  const CancelCheck& cancelled_;
  const EvaluationProgress& progress_;
  std::vector<int32_t> inputs_, targets_;
  int64_t predictions_ = 0;
};

// Scores the lines of `view`, which provides a newline before its first byte and one after its last.
absl::Status ScoreLines(TextView& view, Reader& reader, Scorer& scorer) {
  const int64_t end = view.text().size() + 1;
  for (int64_t at = -1; at + 1 < end;) {
    ASSIGN_OR_RETURN(const auto bytes, view.Look(at, std::min(reader.steps() + 1, end - at)));
    const bool starts = bytes.front() == kLineEnd;
    if (starts && bytes[1] == kLineEnd) {  // an empty line
      ++at;
      continue;
    }
    if (starts) reader.Restart();
    const auto line_end = std::find(bytes.begin() + 1, bytes.end(), kLineEnd);
    const auto steps = std::min(line_end - bytes.begin(), std::ssize(bytes) - 1);
    RETURN_IF_ERROR(scorer.Score(bytes.first(static_cast<size_t>(steps) + 1)));
    at += steps;
  }
  return absl::OkStatus();
}

// The `index`-th uniform number in [0, 1) for `seed`.
double Uniform(uint64_t seed, uint64_t index) {
  const PhiloxState words = Philox({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0, kSampleStream},
                                   static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
  const uint64_t bits = (uint64_t{words.c0} << 32 | words.c1) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

int32_t PickByte(const std::vector<float>& logits, double temperature, double uniform) {
  const auto largest = std::max_element(logits.begin(), logits.end());
  if (temperature == 0) return static_cast<int32_t>(largest - logits.begin());
  std::vector<double> weights(logits.size());
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    weights[i] = std::exp((static_cast<double>(logits[i]) - *largest) / temperature);
    total += weights[i];
  }
  double left = uniform * total;
  for (size_t i = 0; i < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0) return static_cast<int32_t>(i);
  }
  return static_cast<int32_t>(largest - logits.begin());  // only by rounding
}

absl::Status CheckOptions(const SampleOptions& options) {
  if (options.bytes < 0) {
    return absl::InvalidArgumentError(absl::StrCat("bytes is ", options.bytes, "; must be at least 0"));
  }
  if (!(options.temperature >= 0 && std::isfinite(options.temperature))) {
    return absl::InvalidArgumentError(
        absl::StrCat("temperature is ", options.temperature, "; must be a number of at least 0"));
  }
  return absl::OkStatus();
}

absl::StatusOr<double> EvaluateWindows(const TrainedLanguageModel& model, const Text& text, Backend& backend,
                                       const CancelCheck& cancelled, const EvaluationProgress& progress) {
  if (text.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat("the text to evaluate has ", text.size(),
                                                   " bytes; must have at least 2: one to read, one to predict"));
  }
  ASSIGN_OR_RETURN(const auto reader, Reader::Create(model, std::min(kEvaluationSteps, text.size() - 1), backend));
  Scorer scorer(*reader, backend, cancelled, progress);
  TextView view(text);
  for (int64_t at = 0; at + 1 < text.size(); at += reader->steps()) {
    ASSIGN_OR_RETURN(const auto bytes, view.Look(at, std::min(reader->steps() + 1, text.size() - at)));
    RETURN_IF_ERROR(scorer.Score(bytes));
  }
  return scorer.BitsPerByte(model);
}

absl::StatusOr<double> EvaluateLines(const TrainedLanguageModel& model, const Text& text, Backend& backend,
                                     const CancelCheck& cancelled, const EvaluationProgress& progress) {
  ASSIGN_OR_RETURN(const auto reader, Reader::Create(model, kEvaluationSteps, backend));
  Scorer scorer(*reader, backend, cancelled, progress);
  TextView view(text);
  RETURN_IF_ERROR(ScoreLines(view, *reader, scorer));
  if (scorer.predictions() == 0) {
    return absl::InvalidArgumentError(
        "the text to evaluate has only empty lines; must have at least one that is not empty");
  }
  return scorer.BitsPerByte(model);
}

}  // namespace

absl::Status Sample(const TrainedLanguageModel& model, const SampleOptions& options, Backend& backend,
                    const std::function<bool(char)>& emit) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, Reader::Create(model, /*steps=*/1, backend));
  const auto read = [&](uint8_t byte) {
    const int32_t token = byte;
    reader->Read(&token);
  };
  if (options.prompt.empty()) read(kFirstByte);
  for (const char c : options.prompt) read(static_cast<uint8_t>(c));
  std::vector<float> logits(kBytes);
  for (int64_t i = 0; i < options.bytes; ++i) {
    reader->Logits(logits.data());
    RETURN_IF_ERROR(backend.Synchronize());
    if (!std::all_of(logits.begin(), logits.end(), [](float logit) { return std::abs(logit) < kMostNats; })) {
      return NotFinite(model, "the output");
    }
    const int32_t byte = PickByte(logits, options.temperature, Uniform(options.seed, static_cast<uint64_t>(i)));
    if (!emit(static_cast<char>(byte))) return absl::OkStatus();
    read(static_cast<uint8_t>(byte));
  }
  return backend.Synchronize();
}

absl::StatusOr<double> EvaluateText(const TrainedLanguageModel& model, const Text& text, Sequences sequences,
                                    Backend& backend, const CancelCheck& cancelled,
                                    const EvaluationProgress& progress) {
  const StopScope scope(backend, cancelled);
  return sequences == Sequences::kLines ? EvaluateLines(model, text, backend, cancelled, progress)
                                        : EvaluateWindows(model, text, backend, cancelled, progress);
}

int64_t EvaluationBytes(const ModelConfig& config, Backend& backend) {
  return ReadingBytes(ReadingModel(config, kEvaluationSteps, backend));
}

}  // namespace recurve
