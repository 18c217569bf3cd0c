// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/job_messages.h"
#include "client/cli/job_options.h"
#include "client/cli/job_watch.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"
#include "executor/codec/job_codec.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr char kFooter[] = R"(
Examples:
  recurve submit --executor node7:7402 --data /data/book.txt --memory 64MiB --steps 600 --save /models/book.safetensors
      prints the job's id; `recurve watch ID --executor node7:7402` follows it
  recurve submit --data book.txt --memory 5% --save book.safetensors --watch

Paths are on the daemon's machine; relative ones are taken from the directory where this command runs.)";

struct Options {
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

ExitStatus RunSubmit(const Options& options) {
  JobSpec spec = options.job;
  if (spec.data_path.empty()) return Fail(ExitStatus::kUsage, "--data is required: the file to learn from");
  spec.data_path = AbsolutePath(spec.data_path);
  spec.save_path = AbsolutePath(spec.save_path);
  if (absl::Status status = CheckJobSpec(spec); !status.ok()) return Fail(status, ExitStatus::kUsage);
  // A message carries nothing else. The words of the command line are; the directory it runs in need not be.
  if (!IsUtf8(spec.data_path) || !IsUtf8(spec.save_path)) {
    return Fail(ExitStatus::kUsage, absl::StrCat("the working directory is not UTF-8, and so is not ", spec.data_path,
                                                 "; give absolute paths that are"));
  }
  ExecutorClient executor({.target = options.executor});
  const absl::StatusOr<executor::v1::Job> job = executor.CreateJob(EncodeJobSpec(spec), options.request_id);
  if (!job.ok()) return Fail(job.status());
  if (options.json) {
    PrintJson(JobJson(*job));
  } else {
    std::printf("%s\n", Printable(job->id()).c_str());
    std::fflush(stdout);
  }
  return options.watch ? WatchUntilEnd(executor, job->id(), options.json) : ExitStatus::kDone;
}

}  // namespace

Command AddSubmitCommand(CLI::App& app) {
  CLI::App* submit = app.add_subcommand("submit", "give a training job to an executor daemon; prints its id");
  submit->footer(kFooter);
  auto options = std::make_shared<Options>();
  AddExecutorOption(*submit, options->executor);
  AddText(*submit, "--request-id", options->request_id, "the same id again gives the same job, not a second one", "ID");
  submit->add_flag("--watch", options->watch, "follow the job until it ends");
  submit->add_flag("--json", options->json, "print one JSON object: the job");
  AddJobOptions(*submit, options->job);
  return {submit, [options] { return RunSubmit(*options); }};
}

}  // namespace recurve
