// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_SCHEDULE_SERVICE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_SCHEDULE_SERVICE_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "planner_service/planning/planner.h"
#include "planner_service/service/answer_call.h"
#include "recurve/planner/v1/schedule_service.grpc.pb.h"

namespace recurve {

struct StreamLimits {
  int max_streams = 16;                            // concurrent streams of both kinds
  std::chrono::milliseconds stream_time{600'000};  // maximum deadline of a stream
};

// recurve.planner.v1.ScheduleService over a Planner. A stream occupies a thread, the runs of its plan and one chunk of
// actions; gRPC's flow control makes it wait for its client. It occupies a solver only while its plan is made, not
// while actions are sent. Every stream ends: it has a deadline, which gRPC enforces even while it waits for a client
// that does not read. The planner and the metrics must outlive it. Thread-safe.
class ScheduleService final : public planner::v1::ScheduleService::Service {
 public:
  ScheduleService(Planner& planner, const StreamLimits& limits, const CallRules& rules)
      : planner_(planner), limits_(limits), rules_(rules) {}

  grpc::Status StreamSchedule(grpc::ServerContext* context, const planner::v1::StreamScheduleRequest* request,
                              grpc::ServerWriter<planner::v1::StreamScheduleResponse>* writer) override;
  grpc::Status VerifySchedule(grpc::ServerContext* context,
                              grpc::ServerReader<planner::v1::VerifyScheduleRequest>* reader,
                              planner::v1::VerifyScheduleResponse* response) override;

 private:
  // AnswerCall for a stream: checks its deadline and the limit on concurrent streams.
  template <typename Answer>
  grpc::Status AnswerStream(grpc::ServerContext& context, const char* method, int64_t bytes, Answer answer);
  absl::Status CheckDeadline(const grpc::ServerContext& context) const;

  Planner& planner_;
  const StreamLimits limits_;
  const CallRules rules_;
  std::atomic<int> streams_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_SCHEDULE_SERVICE_H_
