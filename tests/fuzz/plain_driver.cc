// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target over a corpus, and over changed copies of it that are the same every time. For compilers without
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

// Of targets whose inputs have a structure; null for others.
extern "C" __attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                                                unsigned int seed);

namespace recurve {
namespace {

// Of all inputs, at least one in so many must get past the first checks.
constexpr int64_t kFewestAccepted = 50;
constexpr size_t kLongest = 8192;  // as in scripts/fuzz

// The files of the folders that exist.
std::vector<std::string> ReadCorpus(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& folder : folders) {
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) paths.push_back(entry.path());
  }
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

std::string Changed(std::string bytes, const std::string& other, Random& random) {
  if (LLVMFuzzerCustomMutator == nullptr) return Damage(std::move(bytes), other, random);
  const size_t size = bytes.size();
  bytes.resize(std::max(size, kLongest));
  bytes.resize(LLVMFuzzerCustomMutator(reinterpret_cast<uint8_t*>(bytes.data()), size, bytes.size(),
                                       static_cast<unsigned int>(random())));
  return bytes;
}

int Drive(int64_t changed, const std::vector<std::string>& folders) {
  const std::vector<std::string> corpus = ReadCorpus(folders);
  if (corpus.empty()) {
    std::cerr << "the corpus is empty\n";
    return 1;
  }
  for (const std::string& bytes : corpus) Run(bytes);
  Random random(1);
  for (int64_t i = 0; i < changed; ++i) {
    Run(Changed(corpus[random() % corpus.size()], corpus[random() % corpus.size()], random));
  }
  const int64_t inputs = static_cast<int64_t>(corpus.size()) + changed;
  std::cout << inputs << " inputs, " << fuzz_accepted << " accepted\n";
  return fuzz_accepted * kFewestAccepted >= inputs ? 0 : 1;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  if (argc >= 3) return recurve::Drive(std::stoll(argv[1]), {argv + 2, argv + argc});
  std::cerr << "usage: " << argv[0] << " CHANGED_COPIES CORPUS...\n";
  return 2;
}
