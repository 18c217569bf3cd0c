// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/calibration.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// Memory permitting, a span has as many links as make up about this much work, in rows (k B per link): long enough for
// the clock, short enough to fit between two interruptions.
constexpr int64_t kOperationsPerRow = 1'953'125;  // per span and row of Backend::MostLinkRows
constexpr int64_t kOperationsPerWeight = 8;       // per row: two in each of two forwards, four in the backward
constexpr int64_t kMaxLinks = 64;

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr int kMinRounds = 3;
constexpr int kMaxRounds = 100;
constexpr double kTargetSeconds = 1.0;  // no round starts after this
constexpr double kStalled = 0.1;        // share of the slowest rounds, which are ignored

// The mean without the slowest.
double TrimmedMean(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  values.resize(values.size() - static_cast<size_t>(kStalled * static_cast<double>(values.size())));
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Seconds from one call to the next, waiting for all pending operations. Keeps the first failure.
class Stopwatch {
 public:
  explicit Stopwatch(Backend& backend) : backend_(backend) { Next(); }

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

// A few links of one candidate, and their measurements.
struct LinkSpan {
  int64_t link = 1;
  int64_t links = 1;
  std::unique_ptr<TrainableModel> model;
  std::vector<std::byte*> states;  // links + 1
  std::vector<std::byte*> tapes;   // links
  std::byte* gradient = nullptr;   // of a state
  double plain = kNever;           // seconds per link, the minimum of all rounds
  double taped = kNever;
  double backward = kNever;

  int64_t steps() const { return links * link; }
  double seconds() const { return static_cast<double>(links) * (plain + taped + backward); }
  int64_t bytes() const {
    const TrainableModel::Regions& needs = model->needs();
    return needs.weights.used() + needs.gradients.used() + needs.workspace.used() + needs.batch.used() +
           (links + 2) * model->max_state_bytes() + links * model->max_tape_bytes();
  }
};

LinkSpan MakeSpan(const CalibrationOptions& options, int64_t link, Backend& backend) {
  const auto make = [&](int64_t links) {
    const SequenceShape shape{.length = links * link, .link = link, .batch = options.batch};
    return options.model(shape, TrainableModel::Use::kTraining, backend);
  };
  const int64_t operations = kOperationsPerWeight * make(1)->layout().count();
  const int64_t most_rows = backend.MostLinkRows();
  const int64_t rows = std::min(most_rows / 2, kOperationsPerRow * most_rows / operations);
  LinkSpan span{.link = link, .links = std::clamp<int64_t>(rows / (link * options.batch), 1, kMaxLinks)};
  for (;; --span.links) {
    span.model = make(span.links);
    if (span.links == 1 || backend.OwnBytes() + span.bytes() <= options.max_bytes) return span;
  }
}

// The spans of all candidates in one block of memory. They share the weights and gradients, whose layout does not
// depend on the link; the rest is used by one span at a time.
class CalibrationRun {
 public:
  static absl::StatusOr<std::unique_ptr<CalibrationRun>> Create(const CalibrationOptions& options, Backend& backend);

  // Runs one round over all spans. The first one warms up and removes the spans for which there is no time.
  absl::Status RunRound(bool first, const CancelCheck& cancelled);
  Calibration Costs() const;

 private:
  CalibrationRun(const CalibrationOptions& options, Backend& backend) : options_(options), backend_(backend) {}
  void Place(LinkSpan& span);
  BatchSize TakeTrialBatch(TrainableModel& model);
  double RunSpan(LinkSpan& span, Stopwatch& stopwatch);  // returns seconds

  const CalibrationOptions options_;
  Backend& backend_;
  std::unique_ptr<DeviceMemory> memory_;
  std::vector<LinkSpan> spans_;
  std::vector<std::max_align_t> host_batch_;  // unused if device memory is host memory
  double batch_ = kNever;                     // seconds of once-per-batch work, the minimum of all rounds
  std::vector<double> rounds_;                // seconds per round
};

absl::StatusOr<std::unique_ptr<CalibrationRun>> CalibrationRun::Create(const CalibrationOptions& options,
                                                                       Backend& backend) {
  std::unique_ptr<CalibrationRun> run(new CalibrationRun(options, backend));
  int64_t bytes = 0;
  for (const int64_t link : options.links) {
    const LinkSpan& span = run->spans_.emplace_back(MakeSpan(options, link, backend));
    bytes = std::max(bytes, span.bytes());
  }
  ASSIGN_OR_RETURN(run->memory_, backend.Allocate(bytes));
  backend.Zero(run->memory_->data(), bytes);  // like a job's arena
  for (LinkSpan& span : run->spans_) run->Place(span);

  TrainableModel& model = *run->spans_.front().model;
  Upload(model.InitialParameters(/*seed=*/1), model.layout(), backend, model.parameters());
  return run;
}

void CalibrationRun::Place(LinkSpan& span) {
  TrainableModel& model = *span.model;
  Region block(memory_->data());
  const auto take = [&](const Region& need) { return Region(block.Bytes(need.used())); };
  TrainableModel::Regions regions;
  regions.weights = take(model.needs().weights);
  regions.gradients = take(model.needs().gradients);
  regions.workspace = take(model.needs().workspace);
  regions.batch = take(model.needs().batch);
  model.Bind(regions);
  span.gradient = block.Bytes(model.max_state_bytes());
  span.states.push_back(block.Bytes(model.max_state_bytes()));
  for (int64_t link = 0; link < span.links; ++link) {
    span.tapes.push_back(block.Bytes(model.max_tape_bytes()));
    span.states.push_back(block.Bytes(model.max_state_bytes()));
  }
}

absl::Status CalibrationRun::RunRound(bool first, const CancelCheck& cancelled) {
  TrainableModel& any = *spans_.front().model;
  Stopwatch stopwatch(backend_);
  any.PrepareWeights();
  any.BeginBatch({.steps = spans_.front().steps()});
  double batch = stopwatch.Next();
  double seconds = 0;  // of the spans so far
  for (size_t i = 0; i < spans_.size(); ++i) {
    if (cancelled && cancelled()) return absl::CancelledError("cancelled while measuring link costs");
    const double last = RunSpan(spans_[i], stopwatch);
    seconds += last;
    if (!first || static_cast<int64_t>(i) + 1 < options_.required || i + 1 == spans_.size()) continue;
    const double next = last * static_cast<double>(spans_[i + 1].steps()) / static_cast<double>(spans_[i].steps());
    if (seconds + next > kTargetSeconds / (kMinRounds + 1)) spans_.resize(i + 1);
  }
  stopwatch.Next();
  any.EndBatch();
  batch += stopwatch.Next();
  batch_ = std::min(batch_, batch);
  if (!first) rounds_.push_back(seconds + batch);
  return stopwatch.status();
}

BatchSize CalibrationRun::TakeTrialBatch(TrainableModel& model) {
  std::byte* host = model.batch();
  if (!backend_.OnHost()) {
    host_batch_.resize(static_cast<size_t>(model.needs().batch.used()) / sizeof(std::max_align_t));
    host = reinterpret_cast<std::byte*>(host_batch_.data());
  }
  model.MakeTrialBatch(host);
  return *model.TakeBatch(host, model.links());
}

double CalibrationRun::RunSpan(LinkSpan& span, Stopwatch& stopwatch) {
  TrainableModel& model = *span.model;
  const auto links = static_cast<double>(span.links);
  const BatchSize size = TakeTrialBatch(model);
  backend_.Zero(span.states.front(), model.max_state_bytes());
  model.SetDropoutStream(/*seed=*/1, /*step=*/0);
  model.BeginBatch(size);
  stopwatch.Next();

  // As in a sweep: two alternating states, one tape as scratch.
  const std::byte* in = span.states.front();
  for (int64_t link = 0; link < span.links; ++link) {
    std::byte* out = link % 2 == 0 ? span.states[1] : span.gradient;
    model.Forward(link, in, out, span.tapes.front(), /*keep_tape=*/false);
    in = out;
  }
  const double plain = stopwatch.Next();

  for (int64_t link = 0; link < span.links; ++link) {
    model.Forward(link, span.states[link], span.states[link + 1], span.tapes[link], /*keep_tape=*/true);
  }
  const double taped = stopwatch.Next();

  backend_.Zero(span.gradient, model.max_state_bytes());
  for (int64_t link = span.links - 1; link >= 0; --link) {
    model.Backward(link, span.states[link], span.states[link + 1], span.tapes[link], span.gradient);
  }
  const double backward = stopwatch.Next();
  span.plain = std::min(span.plain, plain / links);
  span.taped = std::min(span.taped, taped / links);
  span.backward = std::min(span.backward, backward / links);
  return plain + taped + backward;
}

Calibration CalibrationRun::Costs() const {
  double least = batch_;
  for (const LinkSpan& span : spans_) least += span.seconds();
  const double load = TrimmedMean(rounds_) / least;
  Calibration costs{.load = load};
  for (const LinkSpan& span : spans_) {
    costs.links.push_back({.link = span.link,
                           .forward_seconds = load * span.plain,
                           .taped_forward_seconds = load * span.taped,
                           .backward_seconds = load * span.backward,
                           .batch_seconds = load * batch_});
  }
  return costs;
}

}  // namespace

absl::StatusOr<Calibration> Calibrate(const CalibrationOptions& options, Backend& backend,
                                      const CancelCheck& cancelled) {
  const StopScope scope(backend, cancelled);
  ASSIGN_OR_RETURN(const std::unique_ptr<CalibrationRun> run, CalibrationRun::Create(options, backend));
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round <= kMaxRounds; ++round) {
    RETURN_IF_ERROR(run->RunRound(/*first=*/round == 0, cancelled));
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (round >= kMinRounds && elapsed > kTargetSeconds) break;
  }
  return run->Costs();
}

LinkCosts CostsOf(const MeasuredLink& measured, const SequenceShape& shape) {
  const auto links = static_cast<double>(shape.links());
  const double present = static_cast<double>(shape.length) / (links * static_cast<double>(shape.link));
  return {.forward_seconds = measured.forward_seconds,  // the last link always runs with tape
          .taped_forward_seconds = measured.taped_forward_seconds * present,
          .backward_seconds = measured.backward_seconds * present + measured.batch_seconds / links};
}

}  // namespace recurve
