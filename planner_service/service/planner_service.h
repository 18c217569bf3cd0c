// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_SERVICE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_SERVICE_H_

#include "planner_service/planning/planner.h"
#include "planner_service/service/answer_call.h"
#include "recurve/planner/v1/planner.grpc.pb.h"

namespace recurve {

// recurve.planner.v1.PlannerService over a Planner: decodes, calls it, encodes, records. The planner and the metrics
// must outlive it. Thread-safe.
class PlannerService final : public planner::v1::PlannerService::Service {
 public:
  PlannerService(Planner& planner, const CallRules& rules) : planner_(planner), rules_(rules) {}

  grpc::Status MakePlan(grpc::ServerContext* context, const planner::v1::MakePlanRequest* request,
                        planner::v1::MakePlanResponse* response) override;

 private:
  Planner& planner_;
  const CallRules rules_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_SERVICE_H_
