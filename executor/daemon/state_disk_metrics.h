// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_STATE_DISK_METRICS_H_
#define RECURVE_EXECUTOR_DAEMON_STATE_DISK_METRICS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "prometheus/collectable.h"

namespace recurve {

// Adds to other metrics the size and the free space of the file system of the state directory, as of the scrape.
// Thread-safe.
class StateDiskMetrics final : public prometheus::Collectable {
 public:
  StateDiskMetrics(std::shared_ptr<prometheus::Collectable> others, std::string directory)
      : others_(std::move(others)), directory_(std::move(directory)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::shared_ptr<prometheus::Collectable> others_;
  const std::string directory_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_STATE_DISK_METRICS_H_
