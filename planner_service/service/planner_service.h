// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_SERVICE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_SERVICE_H_

#include <chrono>

#include "absl/status/status.h"
#include "planner_service/planning/planner.h"
#include "planner_service/service/planner_metrics.h"
#include "recurve/planner/v1/planner.grpc.pb.h"

namespace recurve {

// recurve.planner.v1.PlannerService over a Planner: decodes, asks it, encodes, records. The planner and the metrics
// must outlive it. Thread-safe.
class PlannerService final : public planner::v1::PlannerService::Service {
 public:
  // `deadline` is for requests that come without one.
  PlannerService(Planner& planner, std::chrono::milliseconds deadline, PlannerMetrics& metrics)
      : planner_(planner), deadline_(deadline), metrics_(metrics) {}

  grpc::Status MakePlan(grpc::ServerContext* context, const planner::v1::MakePlanRequest* request,
                        planner::v1::MakePlanResponse* response) override;

 private:
  absl::Status Answer(const grpc::ServerContext& context, const planner::v1::MakePlanRequest& request,
                      planner::v1::MakePlanResponse& response);

  Planner& planner_;
  const std::chrono::milliseconds deadline_;
  PlannerMetrics& metrics_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_SERVICE_H_
