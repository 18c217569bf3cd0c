// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/input_arguments.h"
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

constexpr char kSubmitFooter[] = R"(
Examples:
  recurve submit --executor node7:7402 --data /data/book.txt --memory 64MiB --steps 600 --save /models/book.safetensors
      prints the job's id; `recurve watch ID --executor node7:7402` follows it
  recurve submit --data book.txt --memory 5% --save book.safetensors --watch
  recurve submit --executor node7:7402 --data texts/book.txt --save book.safetensors --relative-to-roots
      paths relative to the daemon's --data-root and --model-root

Paths are on the daemon's machine, which resolves symbolic links and "..". Relative paths start in this command's
working directory or, with --relative-to-roots, in the daemon's roots.)";

struct SubmitOptions {
  std::string executor;
  JobSpec job;
  std::string request_id;
  bool relative_to_roots = false;
  bool watch = false;
  bool json = false;
};

// Prepends the working directory without normalizing: what ".." resolves to depends on symbolic links on the daemon's
// machine.
absl::Status MakeAbsolute(const char* option, std::string& path) {
  if (path.empty() || std::filesystem::path(path).is_absolute()) return absl::OkStatus();
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat(option, " ", path,
                                                   " is relative to a directory that no longer exists (",
                                                   error.message(), "); give an absolute path"));
  }
  path = (here / path).string();
  return absl::OkStatus();
}

ExitStatus RunSubmit(const SubmitOptions& options) {
  JobSpec spec = options.job;
  absl::Status wrong = CheckInputArguments(spec);
  if (wrong.ok()) wrong = CheckJobSpec(spec);
  if (!wrong.ok()) return Fail(wrong, ExitStatus::kUsage);
  if (!options.relative_to_roots) {
    absl::Status status = MakeAbsolute("--save", spec.save_path);
    for (const TaskOptions::Input& input : spec.task->Inputs()) status.Update(MakeAbsolute(input.option, *input.path));
    if (!status.ok()) return Fail(status, ExitStatus::kUsage);
  }
  // Messages carry only UTF-8. The command line has been checked; the working directory has not.
  std::vector<std::string> paths = {spec.save_path};
  for (const TaskOptions::Input& input : spec.task->Inputs()) paths.push_back(*input.path);
  for (const std::string& path : paths) {
    if (IsUtf8(path)) continue;
    return Fail(ExitStatus::kUsage, absl::StrCat("the working directory is not UTF-8, which makes ", path,
                                                 " invalid; give absolute paths in UTF-8"));
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

Command AddSubmitCommand(const Section& section) {
  CLI::App& submit =
      AddCommand(section, "submit", "submit a training job to an executor daemon; prints its id", kSubmitFooter);
  auto options = std::make_shared<SubmitOptions>();
  AddExecutorOption(submit, options->executor);
  AddText(submit, "--request-id", options->request_id, "repeating an id returns the same job instead of a second one",
          "ID");
  AddFlag(submit, "--relative-to-roots", options->relative_to_roots,
          "relative paths start in the daemon's --data-root and --model-root");
  AddFlag(submit, "--watch", options->watch, "follow the job until it ends");
  AddFlag(submit, "--json", options->json, "print one JSON object: the job");
  AddJobOptions(submit, options->job);
  return {&submit, [options] { return RunSubmit(*options); }};
}

}  // namespace recurve
