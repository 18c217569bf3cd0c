// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/state_disk_metrics.h"

#include <sys/statvfs.h>

#include "planner_service/grpc_server/gauge_family.h"

namespace recurve {

std::vector<prometheus::MetricFamily> StateDiskMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> families = others_->Collect();
  struct statvfs disk {};
  if (statvfs(directory_.c_str(), &disk) != 0) return families;
  const auto block_bytes = static_cast<double>(disk.f_frsize);
  families.push_back(GaugeFamily("recurve_executor_state_disk_size_bytes", "Size of the state directory's file system.",
                                 static_cast<double>(disk.f_blocks) * block_bytes));
  families.push_back(GaugeFamily("recurve_executor_state_disk_free_bytes",
                                 "Free space of the state directory's file system, without what is reserved for root.",
                                 static_cast<double>(disk.f_bavail) * block_bytes));
  return families;
}

}  // namespace recurve
