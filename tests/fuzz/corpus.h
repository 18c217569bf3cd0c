// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_FUZZ_CORPUS_H_
#define RECURVE_TESTS_FUZZ_CORPUS_H_

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace recurve {

// A folder of seeds for a fuzz target.
class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }
  void Add(const std::string& bytes) {
    std::ofstream(folder_ / ("seed-" + std::to_string(next_++)), std::ios::binary) << bytes;
  }

 private:
  const std::filesystem::path folder_;
  int next_ = 0;
};

void MakeRpcCorpora(const std::filesystem::path& folder);   // planner_rpc, executor_rpc
void MakeFileCorpora(const std::filesystem::path& folder);  // tensor_files, configuration, state_directory, job_files

}  // namespace recurve

#endif  // RECURVE_TESTS_FUZZ_CORPUS_H_
