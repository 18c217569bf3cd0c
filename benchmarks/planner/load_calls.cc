// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/planner/load_calls.h"

#include <google/protobuf/unknown_field_set.h>

#include <variant>

#include "planner_service/codec/advice_codec.h"
#include "planner_service/codec/plan_codec.h"

namespace recurve {
namespace {

constexpr char kHealth[] = "/grpc.health.v1.Health/Check";
constexpr char kMakePlan[] = "/recurve.planner.v1.PlannerService/MakePlan";

constexpr char kMakeCurves[] = "/recurve.planner.v1.AdvisorService/MakeCurves";
constexpr char kSplitBudget[] = "/recurve.planner.v1.AdvisorService/SplitBudget";

constexpr int64_t kState = 524'288;
constexpr int64_t kTape = 1'048'576;
constexpr int kUnknownField = 1000;
constexpr int64_t kSizes = 4096;
constexpr int64_t kBudgets = 1 << 20;

// With `per_mille` thousandths of the bytes that store-all (every tape kept) needs.
PlanRequest Auto(int64_t length, int64_t per_mille) {
  const int64_t store_all = (length - 1) * kTape + (length - 2) * kState;
  return {.length = length, .budget = ByteBudget{kState, kTape, store_all / 1000 * per_mille}};
}

PlanRequest Hsm(int64_t length, int64_t slots) {
  return {.length = length, .strategy = Strategy::kHsm, .budget = SlotBudget{.slots = slots}};
}

// A curve of each of 16 strategies.
std::string Curves(int64_t length, int64_t points) {
  return EncodeQuestion(CurvesQuestion{ChainWorkload{.length = length, .state_bytes = 1000, .tape_bytes = 3},
                                       std::vector<Strategy>(kMaxCurves, Strategy::kAuto), points})
      .SerializeAsString();
}

// A thousand models with as many measured links as allowed.
std::string LargestSplit() {
  ModelWorkload model{.model = {.hidden = 256}, .batch = 16, .length = 1000};
  for (int64_t link = 1; link <= kMaxLinkChoices; ++link) model.link_costs.push_back({link, {1, 1, 2}});
  SplitQuestion question{.total_bytes = kMaxBytes};
  for (int64_t i = 0; i < kMaxWorkloads; ++i) {
    model.length = 1000 + i;
    question.workloads.push_back(model);
  }
  return EncodeQuestion(question).SerializeAsString();
}

}  // namespace

const std::vector<CallKind>& CallKinds() {
  using grpc::StatusCode;
  const std::vector<StatusCode> solved = {StatusCode::OK, StatusCode::RESOURCE_EXHAUSTED};
  const std::vector<StatusCode> refused_or_stopped = {StatusCode::OK, StatusCode::RESOURCE_EXHAUSTED,
                                                      StatusCode::FAILED_PRECONDITION, StatusCode::DEADLINE_EXCEEDED};
  static const auto& kinds = *new std::vector<CallKind>{
      {.name = "health", .help = "a health check, an empty call", .method = kHealth, .expected = {StatusCode::OK}},
      {.name = "hit",
       .help = "a cached plan: auto, 1000 links, 5 %",
       .method = kMakePlan,
       .request = Auto(1000, 50),
       .expected = solved},
      {.name = "hit-long",
       .help = "the same for 1,000,000 links",
       .method = kMakePlan,
       .request = Auto(1'000'000, 50),
       .expected = solved},
      {.name = "hit-hsm",
       .help = "the same: hsm, 1,000,000 links, 100 slots",
       .method = kMakePlan,
       .request = Hsm(1'000'000, 100),
       .expected = solved},
      {.name = "cold",
       .help = "a new plan: auto, 1000 links, about 5 %",
       .method = kMakePlan,
       .request = Auto(1000, 50),
       .fresh = true,
       .expected = solved},
      {.name = "cold-long",
       .help = "the same for 1,000,000 links",
       .method = kMakePlan,
       .request = Auto(1'000'000, 50),
       .fresh = true,
       .expected = solved},
      {.name = "cold-100",
       .help = "the same for 100 links",
       .method = kMakePlan,
       .request = Auto(100, 50),
       .fresh = true,
       .expected = solved},
      {.name = "curves",
       .help = "16 curves of 10,000 points for 10,000,000 links",
       .method = kMakeCurves,
       .question = Curves(kMaxChainLength, kMaxCurvePoints),
       .expected = refused_or_stopped},
      {.name = "curves-fair",
       .help = "16 curves of 200 points for 100,000 links: seconds of solving",
       .method = kMakeCurves,
       .question = Curves(100'000, 200),
       .expected = refused_or_stopped},
      {.name = "split",
       .help = "2.1 MB: a split among 1,000 models with 64 measured links each",
       .method = kSplitBudget,
       .question = LargestSplit(),
       .expected = refused_or_stopped},
      {.name = "bad",
       .help = "a request that is refused",
       .method = kMakePlan,
       .request = PlanRequest{.length = 0},
       .expected = {StatusCode::INVALID_ARGUMENT}},
      {.name = "huge",
       .help = "a request of 3.5 MiB that is refused",
       .method = kMakePlan,
       .request = PlanRequest{.length = 0},
       .ballast_bytes = 7 << 19,
       .expected = {StatusCode::INVALID_ARGUMENT, StatusCode::RESOURCE_EXHAUSTED, StatusCode::UNAVAILABLE}},
      {.name = "cancelled",
       .help = "a plan of tens of milliseconds, cancelled within one",
       .method = kMakePlan,
       .request = PlanRequest{.length = 1'000'000, .budget = ByteBudget{kState, kMaxBytes, 1000 * kState}},
       .fresh = true,
       .give_up = true,
       .expected = {StatusCode::OK, StatusCode::CANCELLED, StatusCode::RESOURCE_EXHAUSTED}},
  };
  return kinds;
}

grpc::ByteBuffer MessageOf(const CallKind& kind, int64_t number) {
  std::string message = kind.question;
  if (kind.request) {
    PlanRequest request = *kind.request;
    if (kind.fresh) {  // slightly different state size and budget
      auto& budget = std::get<ByteBudget>(request.budget);
      budget.state_bytes += number % kSizes;
      budget.budget_bytes += number / kSizes % kBudgets;
    }
    planner::v1::MakePlanRequest encoded = EncodeRequest(request);
    if (kind.ballast_bytes > 0) {
      encoded.GetReflection()->MutableUnknownFields(&encoded)->AddLengthDelimited(kUnknownField,
                                                                                  std::string(kind.ballast_bytes, 'x'));
    }
    message = encoded.SerializeAsString();
  }
  const grpc::Slice slice(message);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace recurve
