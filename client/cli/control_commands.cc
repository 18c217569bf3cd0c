// SPDX-License-Identifier: Apache-2.0
//
// The commands that change a job of an executor daemon, except cancel.
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/job_messages.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

constexpr char kPauseFooter[] = R"(
Example:
  recurve pause 3f2a --executor node7:7402

A queued job is paused at once. A running one is asked to stop: it does so within about a second and writes a
checkpoint. A paused job holds no memory on the device until `recurve resume`, also after a restart of the daemon.)";

constexpr char kResumeFooter[] = R"(
Example:
  recurve resume 3f2a --executor node7:7402

The job is queued again and continues from its last checkpoint, to the same weights, bit for bit.)";

constexpr char kRetryFooter[] = R"(
Examples:
  recurve retry 3f2a --executor node7:7402
      prints the id of a new job with the same specification, labels, owner and priority
  recurve watch $(recurve retry 3f2a)

The new job starts from the first step. Only a job that failed or was cancelled can be repeated.)";

constexpr char kDeleteFooter[] = R"(
Examples:
  recurve delete 3f2a --executor node7:7402
  recurve delete 3f2a --with-model        also the file that --save named

Deletes the record, the events, the log and the checkpoints of a job that has ended; cancel a running job first.)";

constexpr char kPriorityFooter[] = R"(
Examples:
  recurve priority 3f2a 10 --executor node7:7402
  recurve priority 3f2a -10

Jobs of higher priority start first, and preempt running jobs of lower priority, which continue later from a
checkpoint.)";

constexpr char kMemoryFooter[] = R"(
Examples:
  recurve memory 3f2a 2GiB --executor node7:7402     bytes for everything the job holds
  recurve memory 3f2a 5%                             of the activation memory that store-all needs
  recurve memory 3f2a free                           all that the device has free

A running job is planned again after its current step, and reaches the same weights, bit for bit.)";

struct ChangeOptions {
  ServiceOption executor;
  std::string id;
  std::string request_id;
  MemoryLimit memory;
  int64_t priority = 0;
  bool with_model = false;
  bool json = false;
};
using SharedOptions = std::shared_ptr<ChangeOptions>;

// A command with the options that all of these have.
CLI::App& AddChange(const Section& section, const char* name, const char* summary, const char* footer,
                    ChangeOptions& options) {
  CLI::App& app = AddCommand(section, name, summary, footer);
  AddPositional(app, "id", options.id, "the job's id, as printed by submit", "ID");
  AddExecutorOption(app, options.executor);
  return app;
}

void AddJobJson(CLI::App& app, ChangeOptions& options) {
  AddFlag(app, "--json", options.json, "print one JSON object: the job");
}

// Calls the daemon and prints the job, as text by `text`.
ExitStatus ChangeJob(const ChangeOptions& options, const std::function<absl::StatusOr<v1::Job>(ExecutorClient&)>& call,
                     const std::function<std::string(const v1::Job&)>& text) {
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  const absl::StatusOr<v1::Job> job = call(executor);
  if (!job.ok()) return Fail(job.status());
  if (options.json) {
    PrintJson(JobJson(*job));
  } else {
    std::printf("%s\n", Printable(text(*job)).c_str());
  }
  return ExitStatus::kDone;
}

std::string PausedText(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_PAUSED) return StateName(job.state());
  return absl::StrCat("asked to pause; still ", StateName(job.state()));
}

v1::ChangeJobMemoryRequest MemoryRequest(const ChangeOptions& options) {
  v1::ChangeJobMemoryRequest request;
  request.set_id(options.id);
  if (const auto* total = std::get_if<TotalBytes>(&options.memory)) {
    request.set_memory_bytes(total->bytes);
  } else if (const auto* share = std::get_if<ActivationShare>(&options.memory)) {
    request.set_activation_share(share->share);
  } else {
    request.set_all_free(true);
  }
  return request;
}

ExitStatus RunDelete(const ChangeOptions& options) {
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  if (absl::Status status = executor.DeleteJob(options.id, options.with_model); !status.ok()) return Fail(status);
  if (options.json) {
    PrintJson({{"id", options.id}, {"deleted", true}, {"with_model", options.with_model}});
  } else {
    std::puts("deleted");
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddPauseCommand(const Section& section) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App& app = AddChange(section, "pause", "stop a job with a checkpoint until resume", kPauseFooter, *options);
  AddJobJson(app, *options);
  return {&app, [options] {
            return ChangeJob(
                *options, [&](ExecutorClient& executor) { return executor.PauseJob(options->id); }, PausedText);
          }};
}

Command AddResumeCommand(const Section& section) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App& app = AddChange(section, "resume", "continue a paused job from its checkpoint", kResumeFooter, *options);
  AddJobJson(app, *options);
  return {&app, [options] {
            return ChangeJob(
                *options, [&](ExecutorClient& executor) { return executor.ResumeJob(options->id); },
                [](const v1::Job& job) { return StateName(job.state()); });
          }};
}

Command AddRetryCommand(const Section& section) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App& app = AddChange(section, "retry", "repeat a job that failed or was cancelled; prints the new id",
                            kRetryFooter, *options);
  AddText(app, "--request-id", options->request_id, "repeating an id returns the same new job instead of another one",
          "ID");
  AddJobJson(app, *options);
  return {&app, [options] {
            return ChangeJob(
                *options, [&](ExecutorClient& executor) { return executor.RetryJob(options->id, options->request_id); },
                [](const v1::Job& job) { return job.id(); });
          }};
}

Command AddDeleteCommand(const Section& section) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App& app =
      AddChange(section, "delete", "delete a job that has ended, and its checkpoints", kDeleteFooter, *options);
  AddFlag(app, "--with-model", options->with_model, "delete the saved model file, too");
  AddFlag(app, "--json", options->json, "print one JSON object: the id and what was deleted");
  return {&app, [options] { return RunDelete(*options); }};
}

Command AddPriorityCommand(const Section& section) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App& app = AddChange(section, "priority", "change the priority of a job", kPriorityFooter, *options);
  AddPositional(app, "priority", options->priority, "the higher, the earlier", {-kMostPriority, kMostPriority});
  AddJobJson(app, *options);
  return {
      &app, [options] {
        return ChangeJob(
            *options,
            [&](ExecutorClient& executor) {
              return executor.SetPriority(options->id, static_cast<int32_t>(options->priority));
            },
            [](const v1::Job& job) { return absl::StrCat("priority ", job.priority(), "; ", StateName(job.state())); });
      }};
}

Command AddMemoryCommand(const Section& section) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App& app =
      AddChange(section, "memory", "change the memory of a job, even while it runs", kMemoryFooter, *options);
  AddPositional(app, "memory", options->memory, "bytes such as 2GiB, a share such as 5%, or \"free\"");
  AddJobJson(app, *options);
  return {&app, [options] {
            return ChangeJob(
                *options, [&](ExecutorClient& executor) { return executor.ChangeJobMemory(MemoryRequest(*options)); },
                [](const v1::Job& job) {
                  return absl::StrCat("memory ", MemoryText(job.spec()), "; ", StateName(job.state()));
                });
          }};
}

}  // namespace recurve
