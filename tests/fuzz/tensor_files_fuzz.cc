// SPDX-License-Identifier: Apache-2.0
//
// Model files and checkpoints. The first byte of the input chooses which; a checkpoint is its manifest and its tensors,
// where @SIZE and @SHA256 in the manifest stand for those of the tensors.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "executor/checkpoint/checkpoint_directory.h"
#include "executor/data/safetensors.h"
#include "executor/data/sha256.h"
#include "executor/job/job_checkpoints.h"
#include "executor/model/model_file.h"
#include "executor/task/registry.h"
#include "tests/fuzz/fuzz_folder.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

constexpr int64_t kStep = 5;

void ReadModel(const FuzzFolder& folder, const std::string& bytes) {
  const auto file = InputFile::Open(folder.Write("model", bytes));
  FuzzCheck(file.ok(), "the file is there");
  const absl::StatusOr<Safetensors> tensors = ReadSafetensors(**file);
  const bool model = FuzzRead(LoadModel(**file).status());
  const bool checked = FuzzRead(CheckModelFile(**file));
  FuzzCheck(checked || !model, "a model that loads passes the check");
  if (!FuzzRead(tensors.status())) return;
  FuzzCheck(WriteSafetensors(folder.At("again"), *tensors).ok(), "what was read can be written");
  const absl::StatusOr<Safetensors> again = ReadSafetensors(folder.At("again"));
  FuzzCheck(
      again.ok() && again->metadata == tensors->metadata && Sha256Hex(again->tensors) == Sha256Hex(tensors->tensors),
      "tensors come back as they were");
}

void ReadCheckpoint(const FuzzFolder& folder, const std::string& bytes) {
  const std::vector<std::string> parts = Sections(bytes, 2);
  const std::string sha256 = Sha256Of(parts[1]);
  const std::string manifest =
      absl::StrReplaceAll(parts[0], {{"@SIZE", absl::StrCat(parts[1].size())}, {"@SHA256", sha256}});
  const std::string step = absl::StrCat("run/", CheckpointDirectory::FolderOf(kStep));
  std::filesystem::create_directories(folder.At(step));
  folder.Write("text", "To be, or not to be");
  folder.Write(step + "/manifest.json", manifest);
  folder.Write(step + "/tensors.safetensors", parts[1]);
  folder.Write(step + "/SHA256SUMS",
               absl::StrCat(sha256, "  tensors.safetensors\n", Sha256Of(manifest), "  manifest.json\n"));
  CheckpointDirectory directory(folder.At("run"), 1);
  const auto listed = directory.List();
  FuzzCheck(listed.ok() && listed->size() == 1, "a checkpoint is listed, even a damaged one");
  const absl::StatusOr<LoadedCheckpoint> loaded = directory.Load({});
  if (!FuzzRead(loaded.status())) return;
  FuzzCheck(loaded->step == kStep && listed->front().problem.empty(), "what loads was listed as good");
  JobSpec spec;
  if (!FuzzRead(ReadCheckpointedSpec(folder.At("run"), {}, spec))) return;
  FuzzCheck(CheckJobSpec(spec).ok(), "a specification from a checkpoint is in range");
  JobCheckpoints checkpoints(
      spec, {.directory = folder.At("run"), .resume = CheckpointOptions::Resume::kMust, .force_data = true});
  const absl::StatusOr<InputFiles> inputs = OpenInputs(spec);
  if (FuzzRead(inputs.status())) FuzzRead(checkpoints.Open(*inputs, {}));
}

}  // namespace
}  // namespace recurve

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const recurve::FuzzFolder folder;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  data[0] % 2 == 0 ? recurve::ReadModel(folder, bytes) : recurve::ReadCheckpoint(folder, bytes);
  return 0;
}
