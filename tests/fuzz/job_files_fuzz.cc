// SPDX-License-Identifier: Apache-2.0
//
// The files around a job: texts to train on, the cache of link costs, tables of losses and partial downloads. The first
// byte of the input chooses which.
#include <algorithm>
#include <string>

#include "absl/time/time.h"
#include "client/cli/loss_table.h"
#include "client/partial_file.h"
#include "executor/data/input_file.h"
#include "executor/job/link_cost_cache.h"
#include "executor/task/language_model/line_batches.h"
#include "executor/task/language_model/text_corpus.h"
#include "tests/fuzz/fuzz_folder.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

constexpr int64_t kBatch = 3;
constexpr int64_t kLength = 16;

void CheckBatches(TextBatches& batches) {
  for (const int64_t index : {0, 1, 2, 1000}) {
    const absl::StatusOr<int64_t> steps = batches.StepsOf(index, {});
    FuzzCheck(steps.ok() && *steps >= 1 && *steps <= kLength, "a batch has steps");
    const auto tokens = static_cast<size_t>(*steps * kBatch);
    std::vector<int32_t> inputs(tokens), targets(tokens), lengths(kBatch, static_cast<int32_t>(*steps));
    const absl::Status filled = batches.Fill(
        index,
        {.steps = *steps, .tokens = {.inputs = inputs.data(), .targets = targets.data(), .lengths = lengths.data()}},
        {});
    FuzzCheck(filled.ok(), "a batch can be filled");
    const auto is_byte = [](int32_t token) { return token >= 0 && token < 256; };
    FuzzCheck(std::all_of(inputs.begin(), inputs.end(), is_byte), "inputs are bytes");
    FuzzCheck(std::all_of(targets.begin(), targets.end(), [&](int32_t t) { return t == kNoTarget || is_byte(t); }),
              "targets are bytes, or none");
  }
}

void ReadText(const FuzzFolder& folder, const std::string& bytes) {
  const auto file = InputFile::Open(folder.Write("text", bytes));
  FuzzCheck(file.ok(), "the file is there");
  if (!FuzzRead(CheckText(**file))) return;
  absl::StatusOr<LineBatches> lines = LineBatches::Create(Text(**file), kBatch, kLength, 1, {});
  if (FuzzRead(lines.status())) CheckBatches(*lines);
  absl::StatusOr<WindowBatches> windows = WindowBatches::Create(Text(**file), kBatch, kLength);
  if (FuzzRead(windows.status())) CheckBatches(*windows);
}

void ReadCosts(const FuzzFolder& folder, const std::string& text) {
  const std::string path = folder.Write("link-costs", text);
  const LinkCostKey key{.model = "m", .batch = 1, .links = {1, 2}, .device = "cpu"};
  const auto clock = [] { return absl::FromUnixSeconds(1'800'000'000); };
  LinkCostCache cache(path, clock);
  if (cache.Find(key)) ++fuzz_accepted;
  cache.Put(key, {{1, 0.5, 0.6, 1, 2}, {2, 1, 1.1, 2, 3}});
  const auto found = LinkCostCache(path, clock).Find(key);
  FuzzCheck(found && found->size() == 2, "costs that were put are found, whatever the file had");
  ++fuzz_accepted;
}

void ReadLosses(const FuzzFolder& folder, const std::string& text) {
  const std::vector<LossRow> rows = ReadLossTable(folder.Write("losses.csv", text));
  std::string written = kLossColumns;
  for (const LossRow& row : rows) written += LossRowText(row);
  const std::vector<LossRow> again = ReadLossTable(folder.Write("again.csv", written));
  FuzzCheck(again.size() == rows.size(), "rows that were written are read");
  for (size_t i = 0; i < rows.size(); ++i) {
    FuzzCheck(LossRowText(again[i]) == LossRowText(rows[i]), "rows come back as they were");
  }
  fuzz_accepted += rows.empty() ? 0 : 1;
}

void ResumeDownload(const FuzzFolder& folder, const std::string& bytes) {
  folder.Write("model.download", bytes);
  absl::StatusOr<PartialFile> file = PartialFile::Open(folder.At("model"));
  if (!FuzzRead(file.status())) return;
  FuzzCheck(file->size() == static_cast<int64_t>(bytes.size()), "a download continues where it ended");
  FuzzCheck(file->Append("end").ok() && file->Sha256().ok(), "a download can go on");
  file->Remove();
}

}  // namespace
}  // namespace recurve

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const recurve::FuzzFolder folder;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      recurve::ReadText(folder, bytes);
      break;
    case 1:
      recurve::ReadCosts(folder, bytes);
      break;
    case 2:
      recurve::ReadLosses(folder, bytes);
      break;
    default:
      recurve::ResumeDownload(folder, bytes);
  }
  return 0;
}
