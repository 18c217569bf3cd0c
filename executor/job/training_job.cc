// SPDX-License-Identifier: Apache-2.0
#include "executor/job/training_job.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/backend/cpu/host_memory.h"
#include "executor/data/file_identity.h"
#include "executor/job/job_backend.h"
#include "executor/job/link_sizing.h"
#include "executor/job/memory_plan.h"
#include "executor/job/prepared_job.h"
#include "executor/model/model_file.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

std::vector<NamedFile> NamedInputs(const JobSpec& spec) {
  TaskSpec task = spec.task;
  std::vector<NamedFile> inputs;
  for (const TaskOptions::Input& input : task->Inputs()) {
    inputs.push_back({input.field, {*input.path, spec.data_directories}});
  }
  return inputs;
}

}  // namespace

// The job with the memory that evaluations between steps leave to training.
absl::StatusOr<JobSpec> PreparedJob::WithoutEvaluation() {
  JobSpec spec = spec_;
  if (spec.evaluate_every == 0) return spec;
  plan_.evaluation_bytes = spec.task->EvaluationBytes(*backend_);
  auto* total = std::get_if<TotalBytes>(&spec.memory);
  if (total == nullptr) return spec;  // a share limits the activations only
  total->bytes -= plan_.evaluation_bytes;
  if (total->bytes > 0) return spec;
  return absl::FailedPreconditionError(absl::StrCat("memory is ", std::get<TotalBytes>(spec_.memory).bytes,
                                                    " bytes, too little: the evaluation every ", spec.evaluate_every,
                                                    " steps alone needs ", plan_.evaluation_bytes));
}

absl::Status PreparedJob::Plan(const JobPlanners& planners, const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(const JobSpec spec, WithoutEvaluation());
  absl::StatusOr<MemoryPlan> memory =
      PlanMemory(spec, *backend_, planners, known_costs_, cancelled, data_->HeldBytes());
  if (absl::IsFailedPrecondition(memory.status()) && plan_.evaluation_bytes > 0) {
    return absl::FailedPreconditionError(absl::StrCat(memory.status().message(), "; ", plan_.evaluation_bytes,
                                                      " bytes more are for the evaluation every ", spec_.evaluate_every,
                                                      " steps"));
  }
  if (!memory.ok()) return memory.status();
  ASSIGN_OR_RETURN(LengthPlans plans,
                   LengthPlans::Make(spec, *std::move(memory), data_->lengths(), planners, cancelled));
  plans_ = std::move(plans);
  const MemoryPlan& longest = plans_->longest();
  const SequenceShape& shape = longest.options.shape;
  plan_.ledger = plans_->largest().PlannedLedger();
  plan_.store_all_bytes = longest.store_all_bytes();
  plan_.link = shape.link;
  plan_.links = shape.links();
  plan_.state_bytes = longest.link_bytes.state;
  plan_.tape_bytes = longest.link_bytes.tape;
  plan_.store_budget_bytes = longest.store_budget_bytes;
  plan_.data = data_->Summary();
  plan_.model = spec_.task->Title();
  if (const std::vector<NamedFile> inputs = NamedInputs(spec_); !inputs.empty()) {
    plan_.data_path = inputs.front().path.text;
  }
  AddEvaluationNote();
  plan_.plans = plans_->count();
  plan_.parameters = spec_.task->Layout().count();
  plan_.device = backend_->Describe();
  if (const ThreadChoice threads = ThreadsOf(spec_); !threads.note.empty()) plan_.notes.push_back(threads.note);
  plan_.costs = longest.costs;
  costs_key_ = longest.costs_key;
  plan_.plan = longest.plan;
  plan_.host_bytes = plans_->store().host_bytes;
  plan_.host = longest.replay.host;
  plan_.transfers = longest.transfers;
  for (std::string& note : checkpoints_.Notes(plan_.device)) plan_.notes.push_back(std::move(note));
  return absl::OkStatus();
}

absl::Status PreparedJob::MakeTrainer(const PrepareOptions& options) {
  if (options.admit) RETURN_IF_ERROR(options.admit(plan_));
  if (backend_->OnHost()) RETURN_IF_ERROR(cpu::CheckAvailable(plan_.ledger.total()));
  const MemoryPlan& longest = plans_->longest();
  {
    const Parameters initial =
        longest.options.model({}, TrainableModel::Use::kForwardOnly, *backend_)->InitialParameters(spec_.seed);
    ASSIGN_OR_RETURN(trainer_, Trainer::Create(longest.options, initial, plans_->store(), *backend_));
  }
  RETURN_IF_ERROR(checkpoints_.Restore(*trainer_));
  TrainingProgress& progress = checkpoints_.progress();
  seconds_before_ = progress.seconds;
  first_step_ = trainer_->steps_done() + 1;
  progress.link = plan_.link;
  progress.device = plan_.device;
  return absl::OkStatus();
}

void PreparedJob::AddEvaluationNote() {
  TaskSpec task = spec_.task;
  if (task->holdout() == 0 || data_->holds_out()) return;
  plan_.notes.push_back(absl::StrCat("nothing is evaluated: holdout is ", task->holdout(), ", and the last ",
                                     plan_.data.held_out, " of ", plan_.data.train + plan_.data.held_out, " ",
                                     plan_.data.unit, "s have ",
                                     plan_.data.sequences ? "no sequence" : "nothing to predict",
                                     "; give more data or a larger holdout, or 0 for none"));
}

absl::Status CheckJobFiles(const JobSpec& spec, const std::string& cache_path) {
  RETURN_IF_ERROR(
      CheckDistinct(NamedInputs(spec), {{"the cache of link costs", cache_path}, {"save_path", spec.model_file()}}));
  if (spec.save_path.empty()) return absl::OkStatus();
  return CheckModelCanBeSaved(spec.model_file(), spec.task->Layout().count());
}

absl::StatusOr<std::unique_ptr<TrainingJob>> TrainingJob::Prepare(const JobSpec& spec, const JobPlanners& planners,
                                                                  LinkCostCache& known_costs,
                                                                  const CancelCheck& cancelled,
                                                                  const PrepareOptions& options) {
  RETURN_IF_ERROR(CheckJobSpec(spec));
  if (std::holds_alternative<AllFree>(spec.memory)) {
    return absl::InvalidArgumentError("memory is all that is free, which only a daemon knows; give bytes or a share");
  }
  RETURN_IF_ERROR(CheckJobFiles(spec, known_costs.path()));
  JobCheckpoints checkpoints(spec, options.checkpoints);
  ASSIGN_OR_RETURN(const InputFiles inputs, OpenInputs(spec));
  RETURN_IF_ERROR(checkpoints.Open(inputs, cancelled));
  ASSIGN_OR_RETURN(std::unique_ptr<TaskData> data,
                   spec.task->Open(inputs, {.batch = spec.batch, .length = spec.length, .seed = spec.seed}, cancelled));
  ASSIGN_OR_RETURN(std::unique_ptr<Backend> made, MakeJobBackend(spec));
  std::unique_ptr<Backend> backend = options.decorate ? options.decorate(std::move(made)) : std::move(made);
  JobSpec sized = spec;
  sized.length = data->lengths().back();  // no batch is longer
  RETURN_IF_ERROR(checkpoints.CheckLink(sized.length));
  if (checkpoints.resumed()) sized.link = checkpoints.progress().link;
  auto job =
      std::make_unique<PreparedJob>(sized, std::move(data), std::move(backend), known_costs, std::move(checkpoints));
  RETURN_IF_ERROR(job->Plan(planners, cancelled));
  RETURN_IF_ERROR(job->MakeTrainer(options));
  return job;
}

}  // namespace recurve
