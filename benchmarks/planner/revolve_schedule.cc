// SPDX-License-Identifier: Apache-2.0
//
// revolve_schedule LENGTH SLOTS PASSES
//
// Requests all actions of a schedule from revolve (Griewank and Walther, Algorithm 799), the C++ core in pyrevolve's
// source package, with which `run` compiles this file. Prints one JSON object like schedule_benchmark.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "revolve.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int length = std::atoi(argv[1]);
  const int slots = std::atoi(argv[2]);
  std::vector<double> seconds;
  long long forwards = 0;
  long long actions = 0;
  for (int pass = std::max(1, std::atoi(argv[3])); pass > 0; --pass) {
    forwards = actions = 0;
    const auto start = std::chrono::steady_clock::now();
    Revolve schedule(length, slots);
    for (bool more = true; more; ++actions) {
      switch (schedule.revolve()) {
        case ACTION::advance:
          forwards += schedule.getcapo() - schedule.getoldcapo();
          break;
        case ACTION::firsturn:
        case ACTION::youturn:
          ++forwards;  // with tape
          break;
        case ACTION::terminate:
          more = false;
          break;
        case ACTION::error:
          std::fprintf(stderr, "revolve_schedule: error %d\n", schedule.getinfo());
          return 1;
        default:
          break;
      }
    }
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("{\"seconds\": %.9g, \"forwards\": %lld, \"actions\": %lld}\n",
              (seconds[(seconds.size() - 1) / 2] + seconds[seconds.size() / 2]) / 2, forwards, actions);
}
