// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/loss_table.h"
#include "executor/daemon/job_store.h"
#include "executor/data/sha256.h"
#include "executor/job/job_spec.h"
#include "executor/job/link_cost_cache.h"
#include "executor/model/model_file.h"
#include "executor/store/database.h"
#include "executor/task/language_model/initial_parameters.h"
#include "executor/task/language_model/language_model_options.h"
#include "planner_service/fields/json_fields.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/fuzz_folder.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

constexpr char kSeparator = '\x1e';  // see Sections

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Of a model so small that the fuzzer changes what describes it rather than its values.
void AddTensorFiles(const FuzzFolder& scratch, Corpus corpus) {
  LanguageModelOptions task({.data_path = scratch.Write("text", "To be, or not to be"), .model = {.hidden = 1}});
  task.model.embedding = 1;
  FuzzCheck(SaveModel(scratch.At("model"), task.Describe(), InitialParameters(task.model, 1)).ok(), "a model is saved");
  const std::string model = ReadAll(scratch.At("model"));
  corpus.Add('\0' + model);
  JobSpec spec{.task = task};
  const Json series = {{"points", Json::array()}, {"stride", 1}, {"seen", 0}};
  const Json manifest = {
      {"format", "recurve-checkpoint"},
      {"version", 1},
      {"step", 5},
      {"files", {{{"name", "tensors.safetensors"}, {"size_bytes", "@SIZE"}, {"sha256", "@SHA256"}}}},
      {"training",
       {{"job", FieldsJson(spec)}, {"link", 2}, {"seconds", 1.5}, {"loss", 2.5}, {"device", "cpu (avx2)"}}}};
  std::string text = manifest.dump();
  const std::string quoted = "\"@SIZE\"";
  text.replace(text.find(quoted), quoted.size(), "@SIZE");
  corpus.Add('\1' + text + kSeparator + model);
}

void AddConfigurations(Corpus corpus) {
  corpus.Add(
      '\0' +
      std::string(
          "# comment\nmax-jobs = 8\nresume-jobs = false\nlisten = \"unix:/x\"\ndevice = [\"cpu=1GiB\", \"b\"]\n"));
  corpus.Add('\1' + std::string("8\x1e"
                                "false\x1e"
                                "0.0.0.0:1\x1e"
                                "cpu=1GiB"));
  const TestAuthority authority("authority");
  const PemPair pair = authority.Issue();
  corpus.Add('\2' + pair.certificate + kSeparator + pair.key + kSeparator + authority.certificate());
  corpus.Add('\3' + std::string("# plans\n{\"length\": 10, \"bytes\": {\"state_bytes\": 1, \"tape_bytes\": 2, "
                                "\"budget_bytes\": 15}}\n\n{\"length\": 5, \"strategy\": \"STRATEGY_ISM\", "
                                "\"slots\": {\"slots\": 3, \"alpha\": 2}}\n"));
  corpus.Add('\4' + std::string("{\"segments\": [{\"name\": \"a\", \"links\": 12, \"state_bytes\": \"64KiB\", "
                                "\"tape_bytes\": \"1.5MiB\", \"forward_cost\": 100, \"taped_forward_cost\": 110, "
                                "\"backward_cost\": 220}], \"final_state_bytes\": \"192KiB\"}"));
}

// A database in small pages, so that changes meet something.
std::string SmallDatabase(const FuzzFolder& scratch) {
  const std::string path = scratch.At("jobs.sqlite");
  FuzzCheck(Database::Open(path)->Execute("PRAGMA page_size = 512; VACUUM").ok(), "a database is made");
  {
    auto store = JobStore::Open({}, *JobDatabase::Open(path));
    FuzzCheck(store.ok(), "a store is opened");
    executor::v1::CreateJobRequest request;
    request.mutable_spec()->mutable_language_model()->set_data_path("/text");
    request.set_request_id("once");
    (*request.mutable_labels())["a"] = "b";
    for (int job = 0; job < 2; ++job) {
      FuzzCheck((*store)->Create(request, request.spec()).ok(), "a job is created");
      request.clear_request_id();
    }
    (*store)->ShutDown();
  }
  FuzzCheck(Database::Open(path)->Execute("PRAGMA journal_mode = DELETE").ok(), "the database is one file");
  return ReadAll(path);
}

void AddStateDirectories(const FuzzFolder& scratch, Corpus corpus) {
  corpus.Add('\2' + SmallDatabase(scratch));
  corpus.Add('\0' + std::string("8d1ee3d2-6f5b 12\nfault 3\nfault 4\n"));
  corpus.Add('\1' + Sha256Of("x") + "-16" + kSeparator + "some text" + kSeparator + Sha256Of("y") + "-7");
}

void AddJobFiles(const FuzzFolder& scratch, Corpus corpus) {
  std::string text;
  while (text.size() < 200) text += "To be, or not to be,\n\nthat\r\nis the question:\n";
  corpus.Add('\0' + text);
  LinkCostCache cache(scratch.At("link-costs"), [] { return absl::FromUnixSeconds(1'799'999'000); });
  cache.Put({.model = "m", .batch = 1, .links = {1, 2}, .device = "cpu"}, {{1, 0.5, 0.6, 1, 2}, {2, 1, 1.1, 2, 3}});
  corpus.Add('\1' + ReadAll(scratch.At("link-costs")));
  corpus.Add('\2' + absl::StrCat(kLossColumns, "1,2.5,3.6,,0.001,1.5,0.1\n2,2.4,3.5,3.7,0.001,,0.2\n"));
  corpus.Add('\3' + text);
}

}  // namespace

void MakeFileCorpora(const std::filesystem::path& folder) {
  const FuzzFolder scratch;
  AddTensorFiles(scratch, Corpus(folder / "tensor_files"));
  AddConfigurations(Corpus(folder / "configuration"));
  AddStateDirectories(scratch, Corpus(folder / "state_directory"));
  AddJobFiles(scratch, Corpus(folder / "job_files"));
}

}  // namespace recurve
