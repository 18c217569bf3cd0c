// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/inference.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/backend/pointwise.h"
#include "executor/engine/arena.h"
#include "executor/model/language_model.h"

namespace recurve {
namespace {

constexpr int64_t kBytes = 256;           // values of a byte
constexpr int64_t kEvaluationSteps = 32;  // read at a time: few, so that less memory does than training had
constexpr uint8_t kFirstByte = '\n';      // what is read before an empty prompt, and before a line
constexpr uint32_t kSampleStream = 0x73616D70;

// One sequence that is read through a model, link by link, forward only.
class Reader {
 public:
  static absl::StatusOr<std::unique_ptr<Reader>> Create(const Model& model, int64_t steps, Backend& backend);

  // Reads `steps` bytes.
  void Read(const int32_t* inputs);
  // As if nothing had been read.
  void Restart() { backend_.Zero(state_, model_.state_bytes()); }
  // Reads `steps` bytes and adds the nats of what follows each; a negative target is not counted.
  void ReadAndScore(const int32_t* inputs, const int32_t* targets);
  void Logits(float* logits);  // [V], of what follows
  double Nats();
  int64_t steps() const { return steps_; }

 private:
  Reader(const Model& model, int64_t steps, Backend& backend)
      : backend_(backend),
        steps_(steps),
        model_(model.config, {.length = steps, .link = steps, .batch = 1}, LanguageModel::Use::kForwardOnly, backend) {}
  absl::Status TakeMemory(const Model& model);
  int64_t TokenBytes() const { return steps_ * static_cast<int64_t>(sizeof(int32_t)); }

  Backend& backend_;
  const int64_t steps_;
  LanguageModel model_;
  std::unique_ptr<Arena> arena_;
  std::byte* state_ = nullptr;
  std::byte* next_state_ = nullptr;
  std::byte* scratch_ = nullptr;  // a tape that is not kept
};

absl::StatusOr<std::unique_ptr<Reader>> Reader::Create(const Model& model, int64_t steps, Backend& backend) {
  if (model.config.vocabulary != kBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.vocabulary is ", model.config.vocabulary, ", must be ", kBytes, " to read bytes"));
  }
  std::unique_ptr<Reader> reader(new Reader(model, steps, backend));
  if (absl::Status status = reader->TakeMemory(model); !status.ok()) return status;
  return reader;
}

absl::Status Reader::TakeMemory(const Model& model) {
  const LanguageModel::Regions& needs = model_.needs();
  const int64_t bytes = backend_.OwnBytes() + needs.weights.used() + needs.batch.used() + needs.workspace.used() +
                        2 * model_.state_bytes() + model_.tape_bytes();
  absl::StatusOr<std::unique_ptr<Arena>> arena = Arena::Create(backend_, bytes, /*pieces=*/6);
  if (!arena.ok()) return arena.status();
  arena_ = *std::move(arena);
  model_.Bind({.weights = Region(arena_->Push(MemoryKind::kWeights, needs.weights.used())),
               .gradients = Region(),
               .batch = Region(arena_->Push(MemoryKind::kBatch, needs.batch.used())),
               .workspace = Region(arena_->Push(MemoryKind::kWorkspace, needs.workspace.used()))});
  state_ = arena_->Push(MemoryKind::kStates, model_.state_bytes());
  next_state_ = arena_->Push(MemoryKind::kStates, model_.state_bytes());
  scratch_ = arena_->Push(MemoryKind::kTapes, model_.tape_bytes());
  Restart();
  const std::vector<float> block = ToBlock(model);
  backend_.Upload(block.data(), model_.layout().block_bytes(), model_.parameters());
  model_.PrepareWeights();
  model_.BeginBatch(steps_, 1);
  return backend_.Synchronize();
}

void Reader::Read(const int32_t* inputs) {
  backend_.Upload(inputs, TokenBytes(), model_.inputs());
  model_.Forward(0, state_, next_state_, scratch_, /*keep_tape=*/false);
  std::swap(state_, next_state_);
}

void Reader::ReadAndScore(const int32_t* inputs, const int32_t* targets) {
  backend_.Upload(targets, TokenBytes(), model_.targets());
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

// Adds the nats of `predicts` to the reader's, from where it is. What it reads after that does not count.
absl::Status ScoreText(Reader& reader, std::span<const uint8_t> reads, std::span<const uint8_t> predicts,
                       Backend& backend, const CancelCheck& cancelled) {
  std::vector<int32_t> inputs(reader.steps()), targets(reader.steps());
  for (size_t begin = 0; begin < reads.size(); begin += inputs.size()) {
    if (cancelled && cancelled()) return absl::CancelledError("cancelled while evaluating");
    for (size_t i = 0; i < inputs.size(); ++i) {
      const bool within = begin + i < reads.size();  // the last part is filled up with steps that do not count
      inputs[i] = within ? reads[begin + i] : 0;
      targets[i] = within ? predicts[begin + i] : -1;
    }
    reader.ReadAndScore(inputs.data(), targets.data());
    if (absl::Status status = backend.Synchronize(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Uniform in [0, 1), the `index`-th of `seed`.
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
  return static_cast<int32_t>(largest - logits.begin());  // rounding left a crumb
}

absl::Status CheckOptions(const SampleOptions& options) {
  if (options.bytes < 0) {
    return absl::InvalidArgumentError(absl::StrCat("bytes is ", options.bytes, ", must be at least 0"));
  }
  if (!(options.temperature >= 0 && std::isfinite(options.temperature))) {
    return absl::InvalidArgumentError(
        absl::StrCat("temperature is ", options.temperature, ", must be a number of at least 0"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Sample(const Model& model, const SampleOptions& options, Backend& backend,
                    const std::function<bool(char)>& emit) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  const absl::StatusOr<std::unique_ptr<Reader>> reader = Reader::Create(model, /*steps=*/1, backend);
  if (!reader.ok()) return reader.status();
  const auto read = [&](uint8_t byte) {
    const int32_t token = byte;
    (*reader)->Read(&token);
  };
  if (options.prompt.empty()) read(kFirstByte);
  for (const char c : options.prompt) read(static_cast<uint8_t>(c));
  std::vector<float> logits(kBytes);
  for (int64_t i = 0; i < options.bytes; ++i) {
    (*reader)->Logits(logits.data());
    if (absl::Status status = backend.Synchronize(); !status.ok()) return status;
    const int32_t byte = PickByte(logits, options.temperature, Uniform(options.seed, static_cast<uint64_t>(i)));
    if (!emit(static_cast<char>(byte))) return absl::OkStatus();
    read(static_cast<uint8_t>(byte));
  }
  return backend.Synchronize();
}

absl::StatusOr<double> EvaluateBitsPerByte(const Model& model, std::span<const uint8_t> text, Backend& backend,
                                           const CancelCheck& cancelled) {
  const auto size = static_cast<int64_t>(text.size());
  if (size < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("the text to evaluate has ", size, " bytes, must have at least 2: one to read, one to predict"));
  }
  const int64_t predictions = size - 1;
  const StopScope scope(backend, cancelled);
  const auto reader = Reader::Create(model, std::min(kEvaluationSteps, predictions), backend);
  if (!reader.ok()) return reader.status();
  const absl::Status status = ScoreText(**reader, text.first(text.size() - 1), text.subspan(1), backend, cancelled);
  if (!status.ok()) return status;
  return (*reader)->Nats() / static_cast<double>(predictions) / std::numbers::ln2;
}

absl::StatusOr<double> EvaluateLinesBitsPerByte(const Model& model, int64_t count,
                                                const std::function<std::span<const uint8_t>(int64_t)>& line,
                                                Backend& backend, const CancelCheck& cancelled) {
  if (count < 1) return absl::InvalidArgumentError("the text to evaluate has no lines, must have at least one");
  const StopScope scope(backend, cancelled);
  const auto reader = Reader::Create(model, kEvaluationSteps, backend);
  if (!reader.ok()) return reader.status();
  int64_t predictions = 0;
  std::vector<uint8_t> framed;
  for (int64_t i = 0; i < count; ++i) {
    const std::span<const uint8_t> bytes = line(i);
    framed.assign(1, kFirstByte);
    framed.insert(framed.end(), bytes.begin(), bytes.end());
    framed.push_back(kFirstByte);
    const std::span<const uint8_t> text(framed);
    (*reader)->Restart();
    const absl::Status status = ScoreText(**reader, text.first(text.size() - 1), text.subspan(1), backend, cancelled);
    if (!status.ok()) return status;
    predictions += static_cast<int64_t>(text.size()) - 1;
  }
  return (*reader)->Nats() / static_cast<double>(predictions) / std::numbers::ln2;
}

}  // namespace recurve
