// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target over a corpus, and over damaged copies of it that are the same every time. For compilers without
// libFuzzer, and for the ordinary tests.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/damage.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

// Of all inputs, at least one in so many must get past the first checks.
constexpr int64_t kFewestAccepted = 20;

std::vector<std::string> ReadCorpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

void Run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

int Drive(const std::string& folder, int64_t damaged) {
  const std::vector<std::string> corpus = ReadCorpus(folder);
  if (corpus.empty()) {
    std::cerr << folder << " is empty\n";
    return 1;
  }
  for (const std::string& bytes : corpus) Run(bytes);
  Random random(1);
  for (int64_t i = 0; i < damaged; ++i) {
    Run(Damage(corpus[random() % corpus.size()], corpus[random() % corpus.size()], random));
  }
  const int64_t inputs = static_cast<int64_t>(corpus.size()) + damaged;
  std::cout << inputs << " inputs, " << fuzz_accepted << " accepted\n";
  return fuzz_accepted * kFewestAccepted >= inputs ? 0 : 1;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  if (argc == 3) return recurve::Drive(argv[1], std::stoll(argv[2]));
  std::cerr << "usage: " << argv[0] << " CORPUS DAMAGED_COPIES\n";
  return 2;
}
