// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_ENGINE_TRAINING_RUN_H_
#define RECURVE_TESTS_EXECUTOR_ENGINE_TRAINING_RUN_H_

#include <memory>
#include <string_view>
#include <utility>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/engine/trainer.h"
#include "executor/model/parameters.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {

// The first verses of the King James Bible.
inline constexpr std::string_view kGenesis =
    "In the beginning God created the heaven and the earth.\n"
    "And the earth was without form, and void; and darkness was upon the face of the deep. And the Spirit of God moved "
    "upon "
    "the face of the waters.\n"
    "And God said, Let there be light: and there was light.\n"
    "And God saw the light, that it was good: and God divided the light from the darkness.\n"
    "And God called the light Day, and the darkness he called Night. And the evening and the morning were the first "
    "day.\n"
    "And God said, Let there be a firmament in the midst of the waters, and let it divide the waters from the waters.\n"
    "And God made the firmament, and divided the waters which were under the firmament from the waters which were "
    "above the "
    "firmament: and it was so.\n"
    "And God called the firmament Heaven. And the evening and the morning were the second day.\n";

// A trainer with a plan of its own.
class TrainingRun {
 public:
  // `budget_bytes` is for the store; a negative one means that of keeping everything.
  TrainingRun(const LanguageTrainerOptions& options, const Model& initial, Strategy strategy, int64_t budget_bytes,
              int threads)
      : TrainingRun(options, initial, strategy, budget_bytes, MakeCpuBackend({.threads = threads}).value()) {}
  TrainingRun(const LanguageTrainerOptions& options, const Model& initial, Strategy strategy, int64_t budget_bytes,
              std::unique_ptr<Backend> backend)
      : options_(options), backend_(std::move(backend)) {
    const LinkBytes bytes = LinkBytesOf(options.model, options.shape);
    const int64_t links = options.shape.links();
    if (budget_bytes < 0) budget_bytes = links * (bytes.state + bytes.tape);
    EmbeddedPlanner planner;
    plan = planner
               .MakePlan(
                   {.length = links, .strategy = strategy, .budget = ByteBudget{bytes.state, bytes.tape, budget_bytes}},
                   {})
               .value();
    if (!plan.feasible) return;
    const ReplayResult replay =
        Replay(plan.schedule, {.state_bytes = bytes.state, .tape_bytes = bytes.tape}, 8 * links).value();
    planned_peak_bytes = FixedLedger(options, *backend_).total() + replay.peak_bytes;
    StoreNeeds store;
    store.Include(replay);
    trainer = Trainer::Create(options, initial.parameters, store, *backend_).value();
  }

  // Bytes of kGenesis, a different stretch of it for each sequence; window `index` follows window `index` - 1.
  void Fill(int64_t index) {
    const int64_t T = options_.shape.length;
    const int64_t B = options_.shape.batch;
    for (int64_t t = 0; t < T; ++t) {
      for (int64_t b = 0; b < B; ++b) {
        const size_t at = b * 101 + index * T + t;
        TokensOf(*trainer, options_.shape).inputs[t * B + b] = static_cast<uint8_t>(kGenesis[at % kGenesis.size()]);
        TokensOf(*trainer, options_.shape).targets[t * B + b] =
            static_cast<uint8_t>(kGenesis[(at + 1) % kGenesis.size()]);
      }
    }
  }
  absl::StatusOr<StepResult> Step() {
    Fill(trainer->steps_done());
    return trainer->Step(plan.schedule, /*start_afresh=*/false, {});
  }

  Plan plan;
  int64_t planned_peak_bytes = 0;

 private:
  const LanguageTrainerOptions options_;
  std::unique_ptr<Backend> backend_;

 public:
  std::unique_ptr<Trainer> trainer;  // null when the plan is not feasible
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_ENGINE_TRAINING_RUN_H_
