// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/calibration.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "executor/model/language_model.h"

namespace recurve {
namespace {

// A stretch, where memory allows, is as many links as make about so much work, in rows (k B a link): long enough for
// the clock, short enough to fall between two interruptions.
constexpr int64_t kOperationsPerRow = 1'953'125;  // of a stretch, for each row of Backend::MostLinkRows
constexpr int64_t kOperationsPerWeight = 8;       // of a row: two in each of two forwards, four in the backward
constexpr int64_t kMaxLinks = 64;

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr int kMinRounds = 3;
constexpr int kMaxRounds = 100;
constexpr double kTargetSeconds = 1.0;  // no further round is begun after this
constexpr double kStalled = 0.1;        // of the rounds, the slowest, do not count

// Without the slowest.
double TrimmedMean(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  values.resize(values.size() - static_cast<size_t>(kStalled * static_cast<double>(values.size())));
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Seconds from one call to the next, everything that was asked for being done. The first failure stays.
class Laps {
 public:
  explicit Laps(Backend& backend) : backend_(backend) { Next(); }

  double Next() {
    status_.Update(backend_.Synchronize());
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }
  const absl::Status& status() const { return status_; }

 private:
  Backend& backend_;
  std::chrono::steady_clock::time_point last_;
  absl::Status status_;
};

// A few links of one candidate, and what was measured of them.
struct Stretch {
  int64_t link = 1;
  int64_t links = 1;
  std::unique_ptr<LanguageModel> model;
  std::vector<std::byte*> states;  // links + 1
  std::vector<std::byte*> tapes;   // links
  std::byte* gradient = nullptr;   // of a state
  double plain = kNever;           // seconds a link, the least of all rounds
  double taped = kNever;
  double backward = kNever;

  int64_t steps() const { return links * link; }
  double seconds() const { return static_cast<double>(links) * (plain + taped + backward); }
  int64_t bytes() const {
    const LanguageModel::Regions& needs = model->needs();
    return needs.weights.used() + needs.gradients.used() + needs.workspace.used() + needs.batch.used() +
           (links + 2) * model->state_bytes() + links * model->tape_bytes();
  }
};

Stretch MakeStretch(const CalibrationOptions& options, int64_t link, Backend& backend) {
  const int64_t operations = kOperationsPerWeight * ParameterLayout(options.model).count();
  const int64_t most_rows = backend.MostLinkRows();
  const int64_t rows = std::min(most_rows / 2, kOperationsPerRow * most_rows / operations);
  Stretch stretch{.link = link, .links = std::clamp<int64_t>(rows / (link * options.batch), 1, kMaxLinks)};
  for (;; --stretch.links) {
    const SequenceShape shape = {.length = stretch.links * link, .link = link, .batch = options.batch};
    stretch.model = std::make_unique<LanguageModel>(options.model, shape, LanguageModel::Use::kTraining, backend);
    if (stretch.links == 1 || backend.OwnBytes() + stretch.bytes() <= options.max_bytes) return stretch;
  }
}

// The stretches of all candidates in one block of memory. They share the weights and the gradients, whose layout no
// link changes; the rest belongs to the one whose turn it is.
class Course {
 public:
  static absl::StatusOr<std::unique_ptr<Course>> Create(const CalibrationOptions& options, Backend& backend);

  // One round over all stretches. The first warms up, and after it the stretches for which there is no time are gone.
  absl::Status RunRound(bool first, const CancelCheck& cancelled);
  Calibration Costs() const;

 private:
  Course(const CalibrationOptions& options, Backend& backend) : options_(options), backend_(backend) {}
  void Place(Stretch& stretch);
  double RunStretch(Stretch& stretch, Laps& laps);  // its seconds

  const CalibrationOptions options_;
  Backend& backend_;
  std::unique_ptr<DeviceMemory> memory_;
  std::vector<Stretch> stretches_;
  std::vector<int32_t> tokens_;  // inputs, and targets, of the longest stretch
  double batch_ = kNever;        // seconds once a batch, the least of all rounds
  std::vector<double> rounds_;   // seconds of each
};

absl::StatusOr<std::unique_ptr<Course>> Course::Create(const CalibrationOptions& options, Backend& backend) {
  std::unique_ptr<Course> course(new Course(options, backend));
  int64_t bytes = 0;
  int64_t tokens = 0;
  for (const int64_t link : options.links) {
    const Stretch& stretch = course->stretches_.emplace_back(MakeStretch(options, link, backend));
    bytes = std::max(bytes, stretch.bytes());
    tokens = std::max(tokens, stretch.steps() * options.batch);
  }
  absl::StatusOr<std::unique_ptr<DeviceMemory>> memory = backend.Allocate(bytes);
  if (!memory.ok()) return memory.status();
  course->memory_ = *std::move(memory);
  backend.Zero(course->memory_->data(), bytes);  // as a job's arena begins
  for (Stretch& stretch : course->stretches_) course->Place(stretch);

  LanguageModel& model = *course->stretches_.front().model;
  UploadModel(InitialModel(options.model, /*seed=*/1), backend, model.parameters());
  course->tokens_.resize(tokens);
  for (size_t i = 0; i < course->tokens_.size(); ++i) {
    course->tokens_[i] = static_cast<int32_t>((i * 7919 + i / 13) % static_cast<size_t>(options.model.vocabulary));
  }
  return course;
}

void Course::Place(Stretch& stretch) {
  LanguageModel& model = *stretch.model;
  Region block(memory_->data());
  const auto take = [&](const Region& need) { return Region(block.Bytes(need.used())); };
  LanguageModel::Regions regions;
  regions.weights = take(model.needs().weights);
  regions.gradients = take(model.needs().gradients);
  regions.workspace = take(model.needs().workspace);
  regions.batch = take(model.needs().batch);
  model.Bind(regions);
  stretch.gradient = block.Bytes(model.state_bytes());
  stretch.states.push_back(block.Bytes(model.state_bytes()));
  for (int64_t link = 0; link < stretch.links; ++link) {
    stretch.tapes.push_back(block.Bytes(model.tape_bytes()));
    stretch.states.push_back(block.Bytes(model.state_bytes()));
  }
}

absl::Status Course::RunRound(bool first, const CancelCheck& cancelled) {
  LanguageModel& any = *stretches_.front().model;
  Laps laps(backend_);
  any.PrepareWeights();
  any.BeginBatch(stretches_.front().steps(), 1);
  double batch = laps.Next();
  double seconds = 0;  // of the stretches so far
  for (size_t i = 0; i < stretches_.size(); ++i) {
    if (cancelled && cancelled()) return absl::CancelledError("cancelled while link costs were measured");
    const double last = RunStretch(stretches_[i], laps);
    seconds += last;
    if (!first || static_cast<int64_t>(i) + 1 < options_.required || i + 1 == stretches_.size()) continue;
    const double next =
        last * static_cast<double>(stretches_[i + 1].steps()) / static_cast<double>(stretches_[i].steps());
    if (seconds + next > kTargetSeconds / (kMinRounds + 1)) stretches_.resize(i + 1);
  }
  laps.Next();
  any.EndBatch();
  batch += laps.Next();
  batch_ = std::min(batch_, batch);
  if (!first) rounds_.push_back(seconds + batch);
  return laps.status();
}

double Course::RunStretch(Stretch& stretch, Laps& laps) {
  LanguageModel& model = *stretch.model;
  const auto links = static_cast<double>(stretch.links);
  const int64_t token_bytes = stretch.steps() * options_.batch * static_cast<int64_t>(sizeof(int32_t));
  backend_.Upload(tokens_.data(), token_bytes, model.inputs());
  backend_.Upload(tokens_.data(), token_bytes, model.targets());
  backend_.Zero(stretch.states.front(), model.state_bytes());
  model.SetDropoutStream(/*seed=*/1, /*step=*/0);
  model.BeginBatch(stretch.steps(), 1);
  laps.Next();

  // As a sweep does: two states by turns, one tape as scratch.
  const std::byte* in = stretch.states.front();
  for (int64_t link = 0; link < stretch.links; ++link) {
    std::byte* out = link % 2 == 0 ? stretch.states[1] : stretch.gradient;
    model.Forward(link, in, out, stretch.tapes.front(), /*keep_tape=*/false);
    in = out;
  }
  const double plain = laps.Next();

  for (int64_t link = 0; link < stretch.links; ++link) {
    model.Forward(link, stretch.states[link], stretch.states[link + 1], stretch.tapes[link], /*keep_tape=*/true);
  }
  const double taped = laps.Next();

  backend_.Zero(stretch.gradient, model.state_bytes());
  for (int64_t link = stretch.links - 1; link >= 0; --link) {
    model.Backward(link, stretch.states[link], stretch.states[link + 1], stretch.tapes[link], stretch.gradient);
  }
  const double backward = laps.Next();
  stretch.plain = std::min(stretch.plain, plain / links);
  stretch.taped = std::min(stretch.taped, taped / links);
  stretch.backward = std::min(stretch.backward, backward / links);
  return plain + taped + backward;
}

Calibration Course::Costs() const {
  double least = batch_;
  for (const Stretch& stretch : stretches_) least += stretch.seconds();
  const double load = TrimmedMean(rounds_) / least;
  Calibration costs{.load = load};
  for (const Stretch& stretch : stretches_) {
    costs.links.push_back({.link = stretch.link,
                           .forward_seconds = load * stretch.plain,
                           .taped_forward_seconds = load * stretch.taped,
                           .backward_seconds = load * stretch.backward,
                           .batch_seconds = load * batch_});
  }
  return costs;
}

}  // namespace

absl::StatusOr<Calibration> Calibrate(const CalibrationOptions& options, Backend& backend,
                                      const CancelCheck& cancelled) {
  const StopScope scope(backend, cancelled);
  const absl::StatusOr<std::unique_ptr<Course>> course = Course::Create(options, backend);
  if (!course.ok()) return course.status();
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round <= kMaxRounds; ++round) {
    if (absl::Status status = (*course)->RunRound(/*first=*/round == 0, cancelled); !status.ok()) return status;
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (round >= kMinRounds && elapsed > kTargetSeconds) break;
  }
  return (*course)->Costs();
}

LinkCosts CostsOf(const MeasuredLink& measured, const SequenceShape& shape) {
  const auto links = static_cast<double>(shape.links());
  const double present = static_cast<double>(shape.length) / (links * static_cast<double>(shape.link));
  return {.forward_seconds = measured.forward_seconds,  // the last link is never run without tape
          .taped_forward_seconds = measured.taped_forward_seconds * present,
          .backward_seconds = measured.backward_seconds * present + measured.batch_seconds / links};
}

}  // namespace recurve
