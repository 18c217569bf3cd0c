// SPDX-License-Identifier: Apache-2.0
//
// What Slurm must grant a training.
#ifndef RECURVE_CLIENT_CLI_SLURM_MEMORY_H_
#define RECURVE_CLIENT_CLI_SLURM_MEMORY_H_

#include <cstdint>
#include <string>

namespace recurve {

// The memory, in MiB, that a batch job needs in which `recurve train` plans `planned_bytes` of host memory: the plan
// and a reserve for what is outside of it, the program with its libraries, a stack and scratch for each thread, the
// table from which states on the host are planned, the batch script and Slurm's own process. docs/performance.md has
// the measurements.
int64_t SlurmMebibytes(int64_t planned_bytes, int64_t threads, bool states_on_host = false);

// The option of sbatch, in its units: "--mem=71M".
std::string SlurmMemoryOption(int64_t mebibytes);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_SLURM_MEMORY_H_
