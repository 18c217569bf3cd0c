// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_WORKLOAD_OPTIONS_H_
#define RECURVE_CLIENT_CLI_WORKLOAD_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/option_values.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {

// Options that describe a workload: a chain, by the sizes of its links, or a model. `app` must outlive this.
class WorkloadOptions {
 public:
  explicit WorkloadOptions(CLI::App& app);

  WorkloadOptions(const WorkloadOptions&) = delete;
  WorkloadOptions& operator=(const WorkloadOptions&) = delete;

  // After parsing: whether options of a chain were given.
  bool IsChain() const { return AnyGiven(chain_options_); }

  // After parsing. INVALID_ARGUMENT names the options that are missing or incompatible; the Advisor checks values. With
  // `free_length`, the length is the unknown and need not be given.
  absl::StatusOr<Workload> Get(bool free_length = false) const;

 private:
  absl::StatusOr<ChainWorkload> GetChain(bool free_length) const;
  absl::StatusOr<ModelWorkload> GetModel() const;
  void AddModel(const Section& section);
  bool AnyGiven(const std::vector<std::string>& options) const;

  const CLI::App& app_;
  std::optional<int64_t> length_;
  ChainWorkload chain_;
  LinkCosts costs_;
  ModelWorkload model_;
  std::vector<std::string> link_costs_;
  std::vector<std::string> chain_options_, cost_options_, model_options_;  // to detect the kind given
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_WORKLOAD_OPTIONS_H_
