// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target over a corpus, and over damaged copies of it that are the same every time. For compilers without
// libFuzzer, and for the ordinary tests.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

using Random = std::mt19937_64;

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

// Changes, drops, doubles or inserts a few bytes, or goes on as another input does.
std::string Damage(std::string bytes, const std::string& other, Random& random) {
  for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes) {
    const size_t at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 6) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(random());
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, random() % 64));
        break;
      case 4:
        bytes.insert(at, 1, static_cast<char>(random()));
        break;
      default:
        bytes.replace(at, std::string::npos, other.substr(std::min(at, other.size())));
    }
  }
  return bytes;
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
