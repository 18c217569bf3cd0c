// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/job_messages.h"
#include "client/cli/job_options.h"
#include "client/cli/job_watch.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"
#include "executor/codec/job_codec.h"

namespace recurve {
namespace {

constexpr char kSubmitFooter[] = R"(
Examples:
  recurve submit --executor node7:7402 --data /data/book.txt --memory 64MiB --steps 600 --save /models/book.safetensors
      prints the job's id; `recurve watch ID --executor node7:7402` follows it
  recurve submit --data book.txt --memory 5% --save book.safetensors --watch

Paths are on the daemon's machine; relative ones are taken from the directory where this command runs.)";

struct SubmitOptions {
  std::string executor;
  JobSpec job;
  std::string request_id;
  bool watch = false;
  bool json = false;
};

std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return path.empty() || error ? path : absolute.lexically_normal().string();
}

ExitStatus RunSubmit(const SubmitOptions& options) {
  JobSpec spec = options.job;
  if (spec.data_path.empty()) return Fail(ExitStatus::kUsage, "--data is required: the file to learn from");
  spec.data_path = AbsolutePath(spec.data_path);
  spec.save_path = AbsolutePath(spec.save_path);
  if (absl::Status status = CheckJobSpec(spec); !status.ok()) return Fail(status, ExitStatus::kUsage);
  ExecutorClient executor({.target = options.executor});
  const absl::StatusOr<executor::v1::Job> job = executor.CreateJob(EncodeJobSpec(spec), options.request_id);
  if (!job.ok()) return Fail(job.status());
  if (options.json) {
    PrintJson(JobJson(*job));
  } else {
    std::printf("%s\n", job->id().c_str());
    std::fflush(stdout);
  }
  return options.watch ? WatchUntilEnd(executor, job->id(), options.json) : ExitStatus::kDone;
}

}  // namespace

Command AddSubmitCommand(const Section& section) {
  CLI::App& submit =
      AddCommand(section, "submit", "give a training job to an executor daemon; prints its id", kSubmitFooter);
  auto options = std::make_shared<SubmitOptions>();
  AddExecutorOption(submit, options->executor);
  AddText(submit, "--request-id", options->request_id, "the same id again gives the same job, not a second one", "ID");
  AddFlag(submit, "--watch", options->watch, "follow the job until it ends");
  AddFlag(submit, "--json", options->json, "print one JSON object: the job");
  AddJobOptions(submit, options->job);
  return {&submit, [options] { return RunSubmit(*options); }};
}

}  // namespace recurve
